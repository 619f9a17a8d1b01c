// What check and reload answer. A file that is refused is an answer, not an error.
import type { ConfigProblem, ConfigResult } from '../config/config.ts';
import type { ConfigDiff } from '../config/diff.ts';
import type { ReadContext } from './handlers.ts';

export async function checkConfig({ control }: ReadContext) {
  return viewCheck(await control.check());
}

export async function reloadConfig({ control }: ReadContext) {
  const { result, diff } = await control.reload();
  return { ...viewCheck(result), ...(diff && { changes: viewDiff(diff) }) };
}

function viewCheck(result: ConfigResult) {
  return {
    ok: result.ok,
    errors: result.ok ? [] : result.errors.map(viewProblem),
    warnings: result.warnings.map(viewProblem),
  };
}

function viewProblem({ kind, path, line, column, message }: ConfigProblem) {
  return { kind, path, line, column, message };
}

function viewDiff({ healthchecks, backends, frontends, settings }: ConfigDiff) {
  return {
    healthchecks: viewNames(healthchecks),
    backends: viewNames({ ...backends, changed: backends.changed.map(({ name }) => name) }),
    frontends: viewNames(frontends),
    settings: [...settings],
  };
}

function viewNames({ added, removed, changed }: ConfigDiff['frontends']) {
  return { added: [...added], removed: [...removed], changed: [...changed] };
}

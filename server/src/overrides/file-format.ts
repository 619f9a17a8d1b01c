// overrides.json as text: from a value to the file's content and back, strictly. It must not know where the
// content comes from or goes to.
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { detailLengthMax, nameLengthMax, operatorLengthMax, reasonLengthMax } from '../lib/limits.ts';
import type { BackendOverride, OperatorNote, Overrides, WeightOverride } from './overrides.ts';
import { listOverrides, weightKey } from './overrides.ts';
import { textProblem } from './text.ts';

const Name = Type.String({ pattern: `^[A-Za-z0-9][A-Za-z0-9._-]{0,${nameLengthMax - 1}}$` });
const Weight = Type.Integer({ minimum: 0, maximum: 100 });
const noteFields = {
  by: Type.String({ minLength: 1 }),
  at: Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,3})?Z$' }),
  reason: Type.Optional(Type.String({ minLength: 1 })),
};
const strict = { additionalProperties: false };

const BackendRow = Type.Object(
  {
    backend: Name,
    admin: Type.Union([Type.Literal('paused'), Type.Literal('disabled'), Type.Literal('enabled')]),
    fileEnabled: Type.Boolean(),
    ...noteFields,
  },
  strict,
);
const WeightRow = Type.Object(
  { frontend: Name, pool: Name, backend: Name, weight: Weight, fileWeight: Weight, ...noteFields },
  strict,
);

/** The file: `version`, and the entries as lists whose rows read like the API's. Times are RFC 3339, UTC. */
const OverridesFile = Type.Object(
  { version: Type.Literal(1), backends: Type.Array(BackendRow), weights: Type.Array(WeightRow) },
  strict,
);

type BackendRow = Type.Static<typeof BackendRow>;
type WeightRow = Type.Static<typeof WeightRow>;
type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

/** The content: indented JSON, rows as `listOverrides` orders them, so that equal values give equal bytes. */
export function formatOverrides(overrides: Overrides): string {
  const entries = listOverrides(overrides);
  const backends: BackendRow[] = [];
  const weights: WeightRow[] = [];
  for (const entry of entries) {
    const { by, reason } = entry;
    const note = { by, at: new Date(entry.at).toISOString(), ...(reason === undefined ? {} : { reason }) };
    if (entry.kind === 'backend') {
      backends.push({ backend: entry.backend, admin: entry.admin, fileEnabled: entry.fileEnabled, ...note });
    } else {
      const { frontend, pool, backend, weight, fileWeight } = entry;
      weights.push({ frontend, pool, backend, weight, fileWeight, ...note });
    }
  }
  return `${JSON.stringify({ version: 1, backends, weights }, null, 2)}\n`;
}

/**
 * The value that a file's bytes hold. Anything that `formatOverrides` could not have meant is refused whole,
 * with a reason in words: a list with a hole in it would pass for a whole one.
 */
export function parseOverrides(bytes: Uint8Array): Parsed<Overrides> {
  const document = parseDocument(bytes);
  if (!document.ok) return document;
  if (!Value.Check(OverridesFile, document.value)) return refuse(shapeProblem(document.value));
  const backends = new Map<string, BackendOverride>();
  for (const row of document.value.backends) {
    const entry = parseBackend(row);
    if (!entry.ok) return entry;
    if (backends.has(row.backend)) return refuse(`backend "${row.backend}" stands in it twice`);
    backends.set(row.backend, entry.value);
  }
  const weights = new Map<string, WeightOverride>();
  for (const row of document.value.weights) {
    const entry = parseWeight(row);
    if (!entry.ok) return entry;
    const key = weightKey(row.frontend, row.pool, row.backend);
    if (weights.has(key)) return refuse(`the weight of ${key} stands in it twice`);
    weights.set(key, entry.value);
  }
  return { ok: true, value: Object.freeze({ backends, weights }) };
}

function parseDocument(bytes: Uint8Array): Parsed<unknown> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    return refuse('it is not valid UTF-8');
  }
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    // V8's message quotes the content, line breaks and all; where it is wrong is of no use to anybody here.
    return refuse(text === '' ? 'it is empty' : 'it is not JSON');
  }
}

function shapeProblem(document: unknown): string {
  if (typeof document === 'object' && document !== null && 'version' in document) {
    const { version } = document;
    if (typeof version === 'number' && version !== 1) return `its version is ${version}, not 1`;
  }
  const [problem] = Value.Errors(OverridesFile, document);
  if (problem === undefined) return 'it has the wrong shape';
  // Cut: a path can hold a key of any length.
  return `${problem.instancePath || 'the document'} ${problem.message}`.slice(0, detailLengthMax);
}

function parseBackend(row: BackendRow): Parsed<BackendOverride> {
  const note = parseNote(row, `backend "${row.backend}"`);
  if (!note.ok) return note;
  const common = { kind: 'backend', backend: row.backend, ...note.value } as const;
  const { admin, fileEnabled } = row;
  if (admin === 'paused') return parsed({ ...common, admin, fileEnabled });
  if (admin === 'disabled' && fileEnabled) return parsed({ ...common, admin, fileEnabled });
  if (admin === 'enabled' && !fileEnabled) return parsed({ ...common, admin, fileEnabled });
  return refuse(`backend "${row.backend}": "${admin}" says nothing beside fileEnabled ${fileEnabled}`);
}

function parseWeight(row: WeightRow): Parsed<WeightOverride> {
  const { frontend, pool, backend, weight, fileWeight } = row;
  const what = `the weight of ${weightKey(frontend, pool, backend)}`;
  const note = parseNote(row, what);
  if (!note.ok) return note;
  if (weight === fileWeight) return refuse(`${what} equals fileWeight`);
  // Adding 0 turns a written -0 into 0.
  return parsed({
    kind: 'weight',
    frontend,
    pool,
    backend,
    weight: weight + 0,
    fileWeight: fileWeight + 0,
    ...note.value,
  });
}

function parseNote(row: BackendRow | WeightRow, what: string): Parsed<OperatorNote> {
  const at = Date.parse(row.at);
  // The comparison finds days and hours that do not exist, which the parser carries over to the next.
  const exists = at >= 0 && new Date(at).toISOString().startsWith(row.at.slice(0, 19));
  if (!exists) return refuse(`${what}: at is not a time from 1970 on`);
  const by = textProblem(row.by, operatorLengthMax);
  if (by !== undefined) return refuse(`${what}: by ${by}`);
  if (row.reason === undefined) return parsed({ by: row.by, at });
  const reason = textProblem(row.reason, reasonLengthMax);
  return reason === undefined
    ? parsed({ by: row.by, at, reason: row.reason })
    : refuse(`${what}: reason ${reason}`);
}

function parsed<T extends object>(value: T): Parsed<T> {
  return { ok: true, value: Object.freeze(value) };
}

function refuse(why: string): { readonly ok: false; readonly why: string } {
  return { ok: false, why };
}

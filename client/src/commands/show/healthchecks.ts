// show healthchecks: one row each, defaults filled in.
import type { HealthCheck } from '../../api/shapes.ts';
import { formatDuration } from '../../format/age.ts';
import { cell, line, type Report } from '../../format/report.ts';
import type { AskCommand } from '../command.ts';

export const showHealthChecks: AskCommand = {
  kind: 'show',
  line: 'show healthchecks',
  help: 'all health checks with their intervals',
  async run(api, _asked, signal) {
    const body = await api.call('ListHealthChecks', {}, signal);
    return { body, report: () => reportHealthChecks(body.healthchecks) };
  },
};

export function reportHealthChecks(checks: readonly HealthCheck[]): Report {
  if (checks.length === 0) {
    return [line('no health checks: add one under maglev.healthchecks (docs/config-guide.md)')];
  }
  const rows = checks.map((check) => [
    cell(check.name),
    cell(check.type),
    cell(check.port),
    cell(formatDuration(check.interval)),
    cell(formatDuration(check.fastInterval)),
    cell(formatDuration(check.downInterval)),
    cell(formatDuration(check.timeout)),
    cell(check.rise),
    cell(check.fall),
  ]);
  const columns = [
    { title: 'HEALTHCHECK', shrink: 'middle' },
    { title: 'TYPE' },
    { title: 'PORT', align: 'right' },
    { title: 'INTERVAL', align: 'right' },
    { title: 'FAST', align: 'right' },
    { title: 'DOWN', align: 'right' },
    { title: 'TIMEOUT', align: 'right' },
    { title: 'RISE', align: 'right' },
    { title: 'FALL', align: 'right' },
  ] as const;
  return [{ kind: 'table', columns, rows }];
}

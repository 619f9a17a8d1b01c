// What the golden files hold: every report at 80 and 200 columns, one in colour, one in ASCII, and the data
// forms. Run as a program it writes them anew: look at the difference before it is committed.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reportCheck } from '../../src/commands/config/check.ts';
import { reportReload } from '../../src/commands/config/reload.ts';
import { reportAction } from '../../src/commands/set/backend.ts';
import { reportWeight } from '../../src/commands/set/frontend.ts';
import { reportBackend } from '../../src/commands/show/backend.ts';
import { reportBackends } from '../../src/commands/show/backends.ts';
import { reportFrontend } from '../../src/commands/show/frontend.ts';
import { reportFrontends } from '../../src/commands/show/frontends.ts';
import { reportHealthCheck } from '../../src/commands/show/healthcheck.ts';
import { reportHealthChecks } from '../../src/commands/show/healthchecks.ts';
import { reportOverrides } from '../../src/commands/show/overrides.ts';
import { reportVppInfo } from '../../src/commands/show/vpp/info.ts';
import { reportLbCounters } from '../../src/commands/show/vpp/lb/counters.ts';
import { reportLbState } from '../../src/commands/show/vpp/lb/state.ts';
import { reportSync } from '../../src/commands/sync/vpp-lb-state.ts';
import { reportEvent } from '../../src/commands/watch/events.ts';
import { formatJson, formatJsonLine, formatYaml } from '../../src/format/data.ts';
import { layOut } from '../../src/format/layout.ts';
import type { Report, View } from '../../src/format/report.ts';
import * as bodies from './bodies.ts';

const { backends, frontend, nowMs } = bodies;
const [first, second] = backends as [(typeof backends)[0], (typeof backends)[0]];
const view: View = { nowMs, hasUnicode: true };
const sync = { vipsAdded: 1, vipsRemoved: 0, asesAdded: 2, asesRemoved: 0, weightsChanged: 3, inSync: false };
const disabled = { ...first, state: 'disabled', since: new Date(nowMs).toISOString() } as const;

export const reports: Readonly<Record<string, Report>> = {
  'show-backends': reportBackends(backends, view),
  'show-backends-none': reportBackends([], view),
  'show-backend': reportBackend(second, view),
  'show-frontends': reportFrontends(bodies.frontends, view),
  'show-frontend': reportFrontend(frontend, backends, view),
  'show-healthchecks': reportHealthChecks(bodies.healthChecks),
  'show-healthcheck': bodies.healthChecks.flatMap(reportHealthCheck),
  'show-overrides': reportOverrides(bodies.overrides, view),
  'show-vpp-info': reportVppInfo(bodies.vppInfo, view),
  'show-vpp-lb-state': reportLbState(bodies.lbState, view),
  'show-vpp-lb-counters': reportLbCounters(bodies.lbCounters),
  'set-backend': reportAction(first, disabled, [frontend], [bodies.failedOver], view),
  'set-backend-same': reportAction(first, first, [frontend], [frontend], view),
  'set-weight': reportWeight(frontend, bodies.weighted, 'nginx0-ams', true, view),
  'sync-vpp-lb-state': reportSync(sync, view),
  'config-check': reportCheck(bodies.refusedReload),
  'config-reload': reportReload(bodies.reload),
  'config-reload-refused': reportReload(bodies.refusedReload),
  'watch-events': bodies.events.flatMap((event) => reportEvent(event, view)),
};

/** Text of every golden file by its name. */
export async function goldenTexts(): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  const add = (name: string, lines: readonly string[]) => void texts.set(name, `${lines.join('\n')}\n`);
  const lay = (report: Report, width: number, isColoured = false) =>
    layOut(report, { width, isColoured, hasUnicode: true }).map(({ text }) => text);
  for (const [name, report] of Object.entries(reports)) {
    for (const width of [80, 200]) add(`${name}-${width}.txt`, lay(report, width));
  }
  add('show-frontend-coloured.txt', lay(reports['show-frontend'] as Report, 120, true));
  const plain = reportFrontend(frontend, backends, { nowMs, hasUnicode: false });
  const options = { width: 80, isColoured: false, hasUnicode: false };
  add(
    'show-frontend-ascii.txt',
    layOut(plain, options).map(({ text }) => text),
  );
  add('backends.json', [formatJson({ backends })]);
  add('backends.yaml', [await formatYaml({ backends })]);
  add('events.json', bodies.events.map(formatJsonLine));
  return texts;
}

export const goldenDir: string = join(import.meta.dirname, '..', 'testdata', 'golden');

if (import.meta.main) {
  mkdirSync(goldenDir, { recursive: true });
  for (const [name, text] of await goldenTexts()) writeFileSync(join(goldenDir, name), text);
}

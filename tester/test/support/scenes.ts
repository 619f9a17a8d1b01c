// Models for the golden screens: VIPs with a past that never changes. Used by the test and by the script that
// writes the files anew.
import { createModel, type Model } from '../../src/model.ts';
import type { Outcome } from '../../src/outcome.ts';
import { asciiSigns, coloured, colourless, unicodeSigns } from '../../src/paint.ts';
import type { Target } from '../../src/targets.ts';
import { type Action, update } from '../../src/update.ts';
import { view } from '../../src/view.ts';

export const startMs: number = Date.UTC(2026, 0, 2, 14, 0, 0);
export const nowMs: number = startMs + 60_000;

const web: Target = {
  names: ['www-v4'],
  address: '198.51.100.80',
  family: 4,
  protocol: 'tcp',
  port: 80,
  kind: 'http',
  probePort: 80,
  reason: 'port 80',
};
const few: readonly Target[] = [
  web,
  {
    ...web,
    names: ['www-v6'],
    address: '2001:db8:1::80',
    family: 6,
    port: 443,
    probePort: 443,
    kind: 'https',
  },
  { ...web, names: ['a-very-long-name-of-a-frontend-that-no-column-can-hold', 'second'], port: 8080 },
  {
    ...web,
    names: ['smtp'],
    port: 25,
    probePort: 25,
    kind: 'tcp',
    reason: 'no http health check among its backends',
  },
  { ...web, names: ['dns'], port: 53, protocol: 'udp', kind: 'none', reason: 'udp: not probed' },
  { ...web, names: ['not-yet-asked'], port: 81 },
];

const many = (count: number): readonly Target[] =>
  Array.from({ length: count }, (_, index) => ({
    ...web,
    names: [`vip-${String(index).padStart(4, '0')}`],
    address: `198.51.${100 + (index >> 8)}.${index & 255}`,
  }));

/** The past of one VIP: a probe per 100 ms, a backend that dies at 30 s and is gone at 33 s. */
function pastOf(vip: number): Outcome[] {
  return Array.from({ length: 590 }, (_, index): Outcome => {
    const atMs = startMs + index * 100;
    const isDying = vip === 0 && index >= 300 && index < 330 && index % 3 === 0;
    if (vip === 2 && index >= 560)
      return { verdict: 'timeout', latencyMs: 2000, atMs, status: 0, detail: 'no answer within 2000 ms' };
    if (isDying)
      return { verdict: 'http-err', latencyMs: 1.5, atMs, status: 503, detail: 'HTTP 503', value: 'nginx0' };
    const latencyMs = index === 450 ? 180 : 1 + ((index * 7) % 13) / 10 + vip;
    const value = index >= 330 && index % 3 === 0 ? 'nginx2' : `nginx${index % 3}`;
    return vip === 3
      ? { verdict: 'ok', latencyMs, atMs, status: 0, detail: '' }
      : { verdict: 'ok', latencyMs, atMs, status: 200, detail: '', value };
  });
}

interface SceneSize {
  readonly columns: number;
  readonly rows: number;
  readonly vips?: number;
}

export function sceneModel({ columns, rows, vips = 0 }: SceneSize, asksDaemon = false): Model {
  const targets = vips === 0 ? few : many(vips);
  const setting = { targets, intervalMs: 100, tallies: true, asksDaemon, columns, rows };
  const model = createModel({ ...setting, nowMs: startMs });
  const results = targets
    .flatMap(({ kind }, target) =>
      kind === 'none' || target === 5
        ? []
        : pastOf(target)
            .slice(vips === 0 ? 0 : -20)
            .map((outcome) => ({ ...outcome, target, lagMs: 0 })),
    )
    .toSorted((a, b) => a.atMs + a.latencyMs - b.atMs - b.latencyMs || a.target - b.target);
  const common = { skipped: 0, notSent: 0, notSentDetail: '', finished: false };
  for (let index = 0; index < results.length; index += 100) {
    const batch = results.slice(index, index + 100);
    const report = { ...common, atMs: batch.at(-1)?.atMs ?? nowMs, lagMsMax: 0.8, results: batch };
    update(model, { t: 'report', report });
  }
  // The rate is what the last whole second had; the scene's batches are no seconds.
  model.probesPerSecond = 40;
  return model;
}

function draw(model: Model, hasColour: boolean, hasUnicode = true): string {
  const pen = { paint: hasColour ? coloured : colourless, signs: hasUnicode ? unicodeSigns : asciiSigns };
  return `${view(model, { ...pen, nowMs, offsetMinutes: 60 }).join('\n')}\n`;
}

function acted(model: Model, ...actions: readonly Action[]): Model {
  for (const action of actions) update(model, { t: 'action', action, nowMs });
  return model;
}

function withDaemon(model: Model): Model {
  const states = new Map([
    ['198.51.100.80 tcp 80', 'up'],
    ['2001:db8:1::80 tcp 443', 'up'],
    ['198.51.100.80 tcp 8080', 'up'],
    ['198.51.100.80 tcp 25', 'down'],
  ]);
  update(model, { t: 'daemon', states, atMs: nowMs });
  return model;
}

/** By name of the golden file. */
export const scenes: Readonly<Record<string, () => string>> = {
  '80x24': () => draw(sceneModel({ columns: 80, rows: 24 }), true),
  '80x24-plain': () => draw(sceneModel({ columns: 80, rows: 24 }), false),
  '80x24-ascii': () => draw(sceneModel({ columns: 80, rows: 24 }), false, false),
  '80x24-help': () => draw(acted(sceneModel({ columns: 80, rows: 24 }), 'help'), false),
  '80x24-paused-failing-first': () =>
    draw(acted(sceneModel({ columns: 80, rows: 24 }), 'sort', 'pause', 'dense'), false),
  '40x10-plain': () => draw(sceneModel({ columns: 40, rows: 10 }), false),
  '200x50': () => draw(sceneModel({ columns: 200, rows: 50 }), true),
  '200x50-plain': () => draw(sceneModel({ columns: 200, rows: 50 }), false),
  '120x40-vip': () => draw(acted(sceneModel({ columns: 120, rows: 40 }), 'details'), false),
  '120x40-daemon': () => draw(withDaemon(sceneModel({ columns: 120, rows: 40 }, true)), false),
  '300x30-plain': () => draw(sceneModel({ columns: 300, rows: 30 }), false),
  '80x24-2000': () => draw(acted(sceneModel({ columns: 80, rows: 24, vips: 2000 }), 'last'), false),
};

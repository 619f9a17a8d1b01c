// The stats segment of a simulated VPP: its content, and the protocol by which readers notice that the layout
// changes under them. Source: vlib/stats/stats.c.
import { assert } from '../../lib/assert.ts';
import { simulatedStatsBytes } from '../../lib/limits.ts';
import type { Native } from '../../native.ts';
import type { LbModel } from './lb-model.ts';
import { counterNames, type LbCounter } from './lb-view.ts';
import {
  layOutStats,
  type StatsEntry,
  statsHeaderBytes,
  statsHeaderOffsets,
  statsVersion,
} from './stats-layout.ts';

const base = 0x130000000n;

export interface StatsPublisherOptions {
  readonly native: Pick<Native, 'serveStats'>;
  readonly path: string;
  readonly model: LbModel;
  /** Wall time of the start, ms. */
  readonly bootMs: number;
}

/**
 * Serves at once, with one heartbeat done. `refresh` brings the numbers up to date, `refreshPlaces` does so
 * where there are other counters than before.
 */
export function publishStats({ native, path, model, bootMs }: StatsPublisherOptions) {
  const server = native.serveStats({ path, size: simulatedStatsBytes });
  const set = (field: keyof typeof statsHeaderOffsets, value: bigint) =>
    server.writeU64(statsHeaderOffsets[field], value);
  let heartbeat = 0n;
  let epoch = 0n;
  let shape = '';
  let places = -1;
  set('version', statsVersion);
  set('base', base);

  /** How many counters there are room for: it changes with the VIPs, not with what they count. */
  const countPlaces = () => model.counters().length + model.routeCounters().length;

  function refresh(): void {
    heartbeat++;
    places = countPlaces();
    const image = layOutStats(statsContent(model, heartbeat, BigInt(Math.floor(bootMs / 1000))), base);
    assert(statsHeaderBytes + image.bytes.length <= simulatedStatsBytes, 'the stats segment is large enough');
    // Numbers change in place; only a new layout is announced.
    if (image.shape === shape) {
      server.write(statsHeaderBytes, image.bytes);
      return;
    }
    shape = image.shape;
    set('inProgress', 1n);
    server.write(statsHeaderBytes, image.bytes);
    set('directory', image.directory);
    epoch++;
    set('epoch', epoch);
    set('inProgress', 0n);
  }

  refresh();
  const refreshPlaces = () => {
    if (countPlaces() !== places) refresh();
  };
  return { refresh, refreshPlaces, close: () => server.close() };
}

/** Two rows each, of the main thread, which forwards nothing, and of one worker. */
function statsContent(model: LbModel, heartbeat: bigint, bootSeconds: bigint): readonly StatsEntry[] {
  const routes = model.routeCounters().map(({ packets, bytes }) => [BigInt(packets), BigInt(bytes)] as const);
  const idleRoutes = routes.map(() => [0n, 0n] as const);
  const system: readonly StatsEntry[] = [
    { t: 'scalar', name: '/sys/heartbeat', value: heartbeat },
    { t: 'scalar', name: '/sys/boottime', value: bootSeconds },
    { t: 'scalar', name: '/sys/last_stats_clear', value: 0n },
    { t: 'empty' },
    { t: 'combined', name: '/net/route/to', rows: [idleRoutes, routes] },
  ];
  const counters = model.counters();
  // VPP has these from the first VIP on.
  if (counters.length === 0) return system;
  const lb = Object.entries(counterNames).map(([key, name]): StatsEntry => {
    const row = counters.map((of) => BigInt(of[key as LbCounter]));
    return { t: 'simple', name, rows: [row.map(() => 0n), row] };
  });
  const target = system.length + Object.keys(counterNames).indexOf('first');
  return [...system, ...lb, { t: 'symlink', name: '/lb/placeholder/first', target, column: 0 }];
}

// Makes the probe of a backend from its health check, with the sockets of one network namespace.
// Knows every prober through the map in index.ts and none of them by name.
import type { HealthCheck } from '../config/config.ts';
import type { Clock } from '../lib/clock.ts';
import type { Native } from '../native.ts';
import { probes } from './index.ts';
import { createProbeNetwork } from './network.ts';
import type { PreparedProbe, PrepareProbe, ProbeTarget } from './probe.ts';

export interface ProberOptions {
  readonly native: Native;
  readonly clock: Clock;
  /** Name of the namespace that all probes run in; undefined: the daemon's own. */
  readonly netns: string | undefined;
}

/** What builds probes, and holds the sockets that they share until `close`. */
export interface Prober {
  prepare(check: HealthCheck, target: ProbeTarget): PreparedProbe;
  close(): void;
}

export function createProber({ native, clock, netns }: ProberOptions): Prober {
  const network = createProbeNetwork({ native, clock, ...(netns !== undefined && { netns }) });
  return {
    prepare(check, target) {
      // The map pairs each type with the prober of that type, which the type system cannot follow here.
      const prepare = probes[check.type] as PrepareProbe;
      return prepare(check, target, network);
    },
    close: () => network.close(),
  };
}

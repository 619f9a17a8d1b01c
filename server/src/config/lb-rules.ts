// Rules of `healthchecker` and `vpp`: what holds for all backends and frontends. It must not know names.
import * as limits from '../lib/limits.ts';
import type { Config, LbConfig } from './config.ts';
import { quote } from './path.ts';
import {
  type Check,
  complain,
  type DurationRange,
  readAddress,
  readDuration,
  readInteger,
  readPowerOfTwo,
  readText,
  type Section,
} from './readers.ts';
import { netnsProblem } from './text-rules.ts';

const syncIntervalRange: DurationRange = {
  minMs: limits.syncIntervalMsMin,
  maxMs: limits.syncIntervalMsMax,
  text: '100ms to 24h',
};
const flowTimeoutRange: DurationRange = {
  minMs: limits.flowTimeoutMsMin,
  maxMs: limits.flowTimeoutMsMax,
  text: '1s to 120s',
};
const startupDelayRange: DurationRange = { minMs: 0, maxMs: limits.startupDelayMsMax, text: '0s to 1h' };

export function readHealthChecker(check: Check, section: Section): Config['healthchecker'] {
  const netns = readText(check, section, 'netns', netnsProblem);
  return {
    transitionHistory: readInteger(check, section, 'transition-history') ?? 1,
    ...(netns !== undefined && { netns }),
  };
}

/** `needs` names, by family, a frontend with backends of that family. */
export function readLb(check: Check, section: Section, needs: ReadonlyMap<4 | 6, string>): LbConfig {
  const ipv4 = readAddress(check, section, 'ipv4-src-address', 4);
  const ipv6 = readAddress(check, section, 'ipv6-src-address', 6);
  for (const [family, frontend] of needs) {
    const key = `ipv${family}-src-address`;
    if (section.entries.has(key)) continue;
    const message = `required key is missing: frontend ${quote(frontend)} has IPv${family} backends`;
    complain(check, section, key, message);
  }
  return {
    ...(ipv4 !== undefined && { ipv4SrcAddress: ipv4.text }),
    ...(ipv6 !== undefined && { ipv6SrcAddress: ipv6.text }),
    syncIntervalMs: readDuration(check, section, 'sync-interval', syncIntervalRange) ?? 0,
    stickyBucketsPerCore: readPowerOfTwo(check, section, 'sticky-buckets-per-core') ?? 1,
    flowTimeoutMs: readFlowTimeout(check, section),
    ...readStartup(check, section),
  };
}

/** VPP takes whole seconds (`lb_conf`). */
function readFlowTimeout(check: Check, section: Section): number {
  const flowTimeoutMs = readDuration(check, section, 'flow-timeout', flowTimeoutRange);
  if (flowTimeoutMs !== undefined && flowTimeoutMs % 1000 !== 0) {
    complain(check, section, 'flow-timeout', 'must be whole seconds');
  }
  return flowTimeoutMs ?? 0;
}

function readStartup(check: Check, section: Section) {
  const minMs = readDuration(check, section, 'startup-min-delay', startupDelayRange);
  const maxMs = readDuration(check, section, 'startup-max-delay', startupDelayRange);
  if (minMs !== undefined && maxMs !== undefined && minMs > maxMs) {
    const key = section.entries.has('startup-max-delay') ? 'startup-max-delay' : 'startup-min-delay';
    complain(check, section, key, 'startup-max-delay must not be shorter than startup-min-delay');
  }
  return { startupMinDelayMs: minMs ?? 0, startupMaxDelayMs: maxMs ?? 0 };
}

// Echo probes through the real network of probes, with a record of what they sent: for tests that answer by
// hand.
import type { IcmpHealthCheck, IpFamily } from '../../src/config/config.ts';
import { realClock } from '../../src/lib/clock.ts';
import { prepareIcmp } from '../../src/probes/icmp.ts';
import { createProbeNetwork, type ProbeNetwork } from '../../src/probes/network.ts';
import type { ProbeResult, RunningProbe } from '../../src/probes/probe.ts';
import { loadTestNative } from './addon.ts';

export interface StartedEcho {
  readonly probe: RunningProbe;
  readonly result: Promise<ProbeResult>;
  /** Undefined as long as the probe waits. */
  ended(): ProbeResult | undefined;
}

export interface EchoHarness {
  readonly network: ProbeNetwork;
  /** Requests as they were given to the sockets, header and payload. */
  readonly sent: Uint8Array[];
  start(address: string, source?: string): StartedEcho;
  /** One probe to its end; after `deadlineMs` it expires. */
  run(address: string, options?: { source?: string; deadlineMs?: number }): Promise<ProbeResult>;
  close(): void;
}

const deadlineMsDefault = 3000;

export function createEchoHarness(netns?: string): EchoHarness {
  const real = createProbeNetwork({ native: loadTestNative(), netns, clock: realClock });
  const sent: Uint8Array[] = [];
  const network: ProbeNetwork = {
    ...real,
    icmpPort(family, source) {
      const port = real.icmpPort(family, source);
      return {
        ...port,
        send(address, message) {
          sent.push(Uint8Array.from(message));
          return port.send(address, message);
        },
      };
    },
  };

  function start(address: string, source?: string): StartedEcho {
    const family: IpFamily = address.includes(':') ? 6 : 4;
    const check: IcmpHealthCheck = { ...checkDefaults, ...sourceOf(family, source) };
    const answer = Promise.withResolvers<ProbeResult>();
    let ended: ProbeResult | undefined;
    const probe = prepareIcmp(check, { address, family }, network).start((result) => {
      if (ended !== undefined) answer.reject(new Error('done was called twice'));
      ended = result;
      answer.resolve(result);
    });
    return { probe, result: answer.promise, ended: () => ended };
  }

  return {
    network,
    sent,
    start,
    async run(address, { source, deadlineMs = deadlineMsDefault } = {}) {
      const { probe, result } = start(address, source);
      const expired = Promise.withResolvers<ProbeResult>();
      const timer = setTimeout(() => expired.resolve(probe.expire()), deadlineMs);
      const first = await Promise.race([result, expired.promise]);
      clearTimeout(timer);
      return first;
    },
    close: () => real.close(),
  };
}

const checkDefaults: IcmpHealthCheck = {
  type: 'icmp',
  name: 'ping',
  intervalMs: 1000,
  fastIntervalMs: 1000,
  downIntervalMs: 1000,
  timeoutMs: 1000,
  rise: 2,
  fall: 3,
};

function sourceOf(family: IpFamily, source: string | undefined): Partial<IcmpHealthCheck> {
  if (source === undefined) return {};
  return family === 4 ? { probeIpv4Src: source } : { probeIpv6Src: source };
}

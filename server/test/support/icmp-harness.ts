// Echo probes through the real network of probes, with a record of what they sent: for tests that answer by
// hand.
import type { IcmpHealthCheck, IpFamily } from '../../src/config/config.ts';
import { realClock } from '../../src/lib/clock.ts';
import type { EngineRun } from '../../src/probes/engine.ts';
import { prepareIcmp } from '../../src/probes/icmp.ts';
import { createProbeNetwork, type ProbeNetwork } from '../../src/probes/network.ts';
import type { ProbeResult, RunningProbe } from '../../src/probes/probe.ts';
import { loadTestNative } from './addon.ts';

export interface StartedEcho {
  readonly probe: RunningProbe;
  readonly result: Promise<ProbeResult>;
  /** Resolves once the request has been sent, or the probe has ended. */
  flying(): Promise<void>;
  /** Undefined as long as the probe waits. */
  ended(): ProbeResult | undefined;
}

export interface EchoHarness {
  readonly network: ProbeNetwork;
  /** Requests as they were given to the engine, header and payload. */
  readonly sent: Uint8Array[];
  start(address: string, source?: string): StartedEcho;
  /** One probe to its end; after `deadlineMs` it expires. */
  run(address: string, options?: { source?: string; deadlineMs?: number }): Promise<ProbeResult>;
  close(): void;
}

const deadlineMsDefault = 3000;

export function createEchoHarness(netns?: string, timeoutMs = echoCheck.timeoutMs): EchoHarness {
  const real = createProbeNetwork({ native: loadTestNative(), netns, clock: realClock });
  const sent: Uint8Array[] = [];
  let lastRun: EngineRun | undefined;
  let message = new Uint8Array();
  const { engine } = real;
  const network: ProbeNetwork = {
    ...real,
    engine: {
      record: (target) => engine.record(target),
      echoRecord(target) {
        const echo = engine.echoRecord(target);
        message = echo.message as Uint8Array<ArrayBuffer>;
        return echo;
      },
      start(run, record) {
        lastRun = run;
        engine.start(run, record);
        sent.push(Uint8Array.from(message));
      },
      settle: (run) => engine.settle(run),
      hasLost: (run) => engine.hasLost(run),
      end: (run) => engine.end(run),
      close: () => engine.close(),
    },
  };

  function start(address: string, source?: string): StartedEcho {
    const family: IpFamily = address.includes(':') ? 6 : 4;
    const check: IcmpHealthCheck = { ...echoCheck, timeoutMs, ...sourceOf(family, source) };
    const answer = Promise.withResolvers<ProbeResult>();
    let ended: ProbeResult | undefined;
    const probe = prepareIcmp(check, { address, family }, network).start((result) => {
      if (ended !== undefined) answer.reject(new Error('done was called twice'));
      ended = result;
      answer.resolve(result);
    });
    const run = lastRun as EngineRun;
    const flying = async (): Promise<void> => {
      while (engine.settle(run) === 'waiting') await new Promise((resolve) => setImmediate(resolve));
    };
    return { probe, result: answer.promise, flying, ended: () => ended };
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

export const echoCheck: IcmpHealthCheck = {
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

// Runs one real probe to its end as the checker would: with a deadline, after which it is expired.
// Also builds checks from the few values a test cares about.
import assert from 'node:assert/strict';
import type {
  HttpHealthCheck,
  HttpParams,
  HttpsHealthCheck,
  TcpHealthCheck,
} from '../../src/config/config.ts';
import { realClock } from '../../src/lib/clock.ts';
import { probes } from '../../src/probes/index.ts';
import { createProbeNetwork, type ProbeNetwork } from '../../src/probes/network.ts';
import type { PreparedProbe, PrepareProbe, ProbeResult } from '../../src/probes/probe.ts';
import { loadTestNative } from './addon.ts';

export type StreamCheck = TcpHealthCheck | HttpHealthCheck | HttpsHealthCheck;

const common = {
  name: 'check',
  intervalMs: 1000,
  fastIntervalMs: 1000,
  downIntervalMs: 1000,
  timeoutMs: 1000,
  rise: 2,
  fall: 3,
};
const plainHttp: HttpParams = {
  method: 'GET',
  path: '/',
  headers: [],
  responseCode: [{ first: 200, last: 299 }],
};

export function tcpCheck(port: number, tls?: TcpHealthCheck['tls']): TcpHealthCheck {
  return { ...common, type: 'tcp', port, ...(tls && { tls }) };
}

export function httpCheck(port: number, http: Partial<HttpParams> = {}): HttpHealthCheck {
  return { ...common, type: 'http', port, http: { ...plainHttp, ...http } };
}

export function httpsCheck(
  port: number,
  tls: HttpsHealthCheck['tls'],
  http: Partial<HttpParams> = {},
): HttpsHealthCheck {
  return { ...common, type: 'https', port, tls, http: { ...plainHttp, ...http } };
}

export function testNetwork(netns?: string): ProbeNetwork {
  return createProbeNetwork({ native: loadTestNative(), netns, clock: realClock });
}

/** Nothing of JavaScript runs in this process for so long. */
export function blockLoop(blockMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, blockMs);
}

/** Where a check is sent; a TestServer is one. */
export interface Target {
  readonly address: string;
  readonly family: 4 | 6;
}

export function prepare(
  check: StreamCheck,
  { address, family }: Target,
  network: ProbeNetwork,
): PreparedProbe {
  return (probes[check.type] as PrepareProbe)(check, { address, family }, network);
}

/** What the probe said, or what `expire` gave when it had said nothing after `timeoutMs`. */
export function runProbe(prepared: PreparedProbe, timeoutMs = 10_000): Promise<ProbeResult> {
  return new Promise((resolve) => {
    let isStarted = false;
    let isOver = false;
    const run = prepared.start((result) => {
      // Thrown, not rejected: the promise may be settled already, and then nobody would hear of it.
      if (!isStarted) throw new Error('done was called before start had returned');
      if (isOver) throw new Error('done was called after the end');
      isOver = true;
      clearTimeout(timer);
      resolve(result);
    });
    isStarted = true;
    const timer = setTimeout(() => {
      isOver = true;
      resolve(run.expire());
    }, timeoutMs);
  });
}

/** Runs `check` once against `target`. */
export function probeOnce(
  check: StreamCheck,
  target: Target,
  network: ProbeNetwork,
  timeoutMs?: number,
): Promise<ProbeResult> {
  return runProbe(prepare(check, target, network), timeoutMs);
}

/** One check of each kind that connects, for what they must all say alike. */
export const streamChecks = (port: number): StreamCheck[] => [
  tcpCheck(port),
  tcpCheck(port, { insecureSkipVerify: true }),
  httpCheck(port),
  httpsCheck(port, { insecureSkipVerify: true }),
];

/** Asserts that each of them gives `expected`. */
export async function assertAll(
  network: ProbeNetwork,
  port: number,
  target: Target,
  expected: ProbeResult,
  timeoutMs?: number,
): Promise<void> {
  const probes = streamChecks(port).map((check) => probeOnce(check, target, network, timeoutMs));
  assert.deepEqual(await Promise.all(probes), Array(probes.length).fill(expected));
}

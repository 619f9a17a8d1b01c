// maglevd as a process of its own, as it is shipped, and what it says of itself.
// It must not know what is measured about it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TrialContext } from '../trial.ts';
import { type Bucket, bucketsOf, parseExposition, sumOf } from './exposition.ts';
import { type Program, waitUntil } from './process-group.ts';

const mainPath = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** What a package installs, if that is to be measured instead of the sources. */
const installedPath = process.env['MAGLEV_BENCH_PROGRAM'];
export const apiPort = 9090;
const metricsPort = 9091;
const startPatienceMs = 60_000;

export const apiUrl = `http://127.0.0.1:${apiPort}`;
export const metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`;
const withoutVpp: readonly string[] = ['--vpp-api-addr', ''];

/** The configuration's path, so that a reload can find another one there. */
export const configPath = ({ directory }: Pick<TrialContext, 'directory'>) => join(directory, 'maglev.yaml');

/** What the daemon has counted since its start. */
export interface Counted {
  readonly pass: number;
  /** Left out, or thrown away, because the daemon itself was late. */
  readonly late: number;
  /** Those that count against their backend. */
  readonly failed: number;
  /** Those that did not pass, by `result code`. */
  readonly faults: ReadonlyMap<string, number>;
  /** Transitions other than the first one, from unknown to up. */
  readonly falseTransitions: number;
  readonly lag: readonly Bucket[];
}

/**
 * Starts it on the prober's processor; resolves once every backend is up with its counter at the top.
 * @param vpp flags that say which VPP
 */
export async function startMaglevd(
  context: TrialContext,
  yaml: string,
  vpp: readonly string[] = withoutVpp,
): Promise<Program> {
  const program = await launchMaglevd(context, yaml, vpp);
  await waitUntil('maglevd has all backends up and steady', program, startPatienceMs, isSteady);
  return program;
}

/** The same, but resolves once it answers, whatever its backends are. */
export async function launchMaglevd(
  context: TrialContext,
  yaml: string,
  vpp: readonly string[] = withoutVpp,
): Promise<Program> {
  const { processes, cpus } = context;
  const path = configPath(context);
  writeFileSync(path, yaml);
  const flags = ['--config', path, '--state-dir', ''];
  const addresses = ['--grpc-addr', `127.0.0.1:${apiPort}`, '--metrics-addr', `127.0.0.1:${metricsPort}`];
  const program = processes.start({
    name: 'maglevd',
    cpu: cpus.prober,
    command: installedPath ?? process.execPath,
    args: [...(installedPath === undefined ? [mainPath] : []), ...flags, ...addresses, ...vpp],
  });
  await waitUntil('maglevd answers', program, startPatienceMs, isReady);
  return program;
}

async function isReady(): Promise<boolean> {
  try {
    return (await fetch(`${apiUrl}/readyz`)).ok;
  } catch (error) {
    // fetch wraps what the socket said; until the port listens it is a refusal.
    if (((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED') return false;
    throw error;
  }
}

interface BackendRow {
  readonly state: string;
  readonly counter: { readonly value: number; readonly rise: number; readonly fall: number };
}

async function isSteady(): Promise<boolean> {
  const answer = await fetch(`${apiUrl}/api/v1/backends`);
  const { backends } = (await answer.json()) as { readonly backends: readonly BackendRow[] };
  return backends.every(
    ({ state, counter: { value, rise, fall } }) => state === 'up' && value === rise + fall - 1,
  );
}

/** Reads /metrics, which costs the daemon a moment: not to be done while it is measured. */
export async function readCounted(): Promise<Counted> {
  const series = parseExposition(await (await fetch(metricsUrl)).text());
  const faults = new Map<string, number>();
  let pass = 0;
  let failed = 0;
  for (const { name, labels, value } of series) {
    if (name !== 'maglev_probe_total') continue;
    if (labels['result'] === 'pass') pass += value;
    else {
      if (labels['result'] === 'fail') failed += value;
      const key = `${labels['result']} ${labels['code']}`;
      faults.set(key, (faults.get(key) ?? 0) + value);
    }
  }
  return {
    pass,
    failed,
    faults,
    late: sumOf(series, 'maglev_probe_late_total'),
    falseTransitions: sumOf(
      series,
      'maglev_backend_transitions_total',
      ({ from, to }) => !(from === 'unknown' && to === 'up'),
    ),
    lag: bucketsOf(series, 'maglev_probe_schedule_lag_seconds'),
  };
}

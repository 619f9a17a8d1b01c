// What maglevd tells the service manager that started it, as sd_notify(3) has it: ready, reloading, stopping,
// and alive. Without a manager it says nothing. It must not know what starts or reloads.
import type { Clock, Timer } from './lib/clock.ts';
import { notifyRetryMs, notifyStatusCharsMax } from './lib/limits.ts';
import type { NotifyResult } from './native-notify.ts';

export interface ServiceNotifyOptions {
  readonly clock: Clock;
  /** The environment: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of this process. */
  readonly pid: number;
  readonly send: (socketPath: string, text: string) => NotifyResult;
  /** CLOCK_MONOTONIC in microseconds, by which the manager tells this reload from one before. */
  readonly monotonicUs: () => bigint;
  /** Told once why the manager cannot be reached. */
  readonly onFailure: (message: string) => void;
}

export interface ServiceNotify {
  /** Everything listens; also the end of a reload. `status` is one line for `systemctl status`. */
  ready(status: string): void;
  reloading(): void;
  /** The last word; signs of life end with it. */
  stopping(): void;
  /** Signs of life, twice in the time that the manager allows. Nothing where it does not ask for them. */
  watchdog(): void;
}

/** Milliseconds after which the manager takes silence for a hang; undefined: it does not watch us. */
export function watchdogMs(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): number | undefined {
  const us = Number(env['WATCHDOG_USEC']);
  const isForUs = env['WATCHDOG_PID'] === undefined || env['WATCHDOG_PID'] === String(pid);
  return Number.isFinite(us) && us > 0 && isForUs ? us / 1000 : undefined;
}

/** What a `status` may hold: one line of it, not endlessly long. */
const statusLine = (status: string) =>
  `STATUS=${status.replaceAll('\n', ' ').slice(0, notifyStatusCharsMax)}`;

export function createServiceNotify(options: ServiceNotifyOptions): ServiceNotify {
  const { clock, env, send, onFailure } = options;
  const socketPath = env['NOTIFY_SOCKET'] ?? '';
  /** States in order that the manager had no room for; signs of life are not among them. */
  let waiting: string[] = [];
  let retry: Timer | undefined;
  let sign: Timer | undefined;
  let hasFailed = false;

  /** True when the text is on its way, or never will be. */
  const isDone = (text: string): boolean => {
    const result = send(socketPath, text);
    if (result.ok) return true;
    if (result.isFull) return false;
    if (!hasFailed) onFailure(`notify ${socketPath}: ${result.message}`);
    hasFailed = true;
    return true;
  };
  const flush = () => {
    retry = undefined;
    while (waiting[0] !== undefined && isDone(waiting[0])) waiting = waiting.slice(1);
    if (waiting.length > 0) retry = clock.setTimer(notifyRetryMs, flush);
  };
  const tell = (text: string) => {
    if (socketPath === '') return;
    waiting = [...waiting, text];
    if (retry === undefined) flush();
  };
  const beat = (everyMs: number) => {
    // One that finds no room is followed by another before the time is up.
    isDone('WATCHDOG=1');
    sign = clock.setTimer(everyMs, () => beat(everyMs));
  };
  return {
    ready: (status) => tell(`READY=1\n${statusLine(status)}`),
    reloading: () => tell(`RELOADING=1\nMONOTONIC_USEC=${options.monotonicUs()}`),
    stopping() {
      sign?.cancel();
      tell('STOPPING=1');
      // What waits now waits for ever: the process ends.
      retry?.cancel();
      retry = undefined;
      waiting = [];
    },
    watchdog() {
      const limitMs = watchdogMs(env, options.pid);
      if (socketPath !== '' && limitMs !== undefined && sign === undefined) beat(limitMs / 2);
    },
  };
}

// When a VIP failed, and for how long. An outage runs from the first probe that failed to the first one that
// passed after the last failure; failures less than 2 s apart are one outage, because while a backend dies
// behind a VIP only its share of the flows fails. Pure; changed in place.
import { outageCountMax, outageQuietMs } from './limits.ts';

export interface Outage {
  /** When the first failing probe was sent. */
  readonly startMs: number;
  /** When the first probe was sent that passed after the last failure. */
  readonly endMs: number;
  /** Sent from the start to the end. */
  readonly probes: number;
  readonly failures: number;
}

interface OpenOutage {
  startMs: number;
  lastFailureMs: number;
  /** First one that passed since the last failure. */
  firstOkMs: number | undefined;
  probes: number;
  failures: number;
  /** Passed since the last failure; part of the outage only if it goes on. */
  okSince: number;
}

export interface Outages {
  open: OpenOutage | undefined;
  /** The latest, oldest first. */
  readonly past: Outage[];
  /** All that are over, also those no longer kept. */
  pastCount: number;
  pastMs: number;
}

export function createOutages(): Outages {
  return { open: undefined, past: [], pastCount: 0, pastMs: 0 };
}

/** `atMs`: when the probe was sent. Gives the outage that this probe showed to be over. */
export function noteProbe(outages: Outages, atMs: number, ok: boolean): Outage | undefined {
  const { open } = outages;
  if (!ok) {
    if (open === undefined) {
      outages.open = { startMs: atMs, lastFailureMs: atMs, firstOkMs: undefined, ...oneFailure };
    } else extend(open, atMs);
    return undefined;
  }
  if (open === undefined) return undefined;
  // With more than one in flight, an answer may come in after a failure that was sent later.
  if (atMs <= open.lastFailureMs) {
    open.probes += 1;
    return undefined;
  }
  open.okSince += 1;
  open.firstOkMs ??= atMs;
  if (atMs - open.lastFailureMs < outageQuietMs) return undefined;
  outages.open = undefined;
  const { startMs, probes, failures, firstOkMs } = open;
  const outage = { startMs, endMs: firstOkMs, probes, failures };
  keep(outages, outage);
  return outage;
}

const oneFailure = { probes: 1, failures: 1, okSince: 0 } as const;

function extend(open: OpenOutage, atMs: number): void {
  open.startMs = Math.min(open.startMs, atMs);
  open.lastFailureMs = Math.max(open.lastFailureMs, atMs);
  open.probes += 1 + open.okSince;
  open.failures += 1;
  open.okSince = 0;
  open.firstOkMs = undefined;
}

function keep(outages: Outages, outage: Outage): void {
  outages.past.push(outage);
  if (outages.past.length > outageCountMax) outages.past.shift();
  outages.pastCount += 1;
  outages.pastMs += outage.endMs - outage.startMs;
}

/** How long the open outage has lasted; its end, once a probe has passed, though it may still go on. */
export function openOutageMs(open: OpenOutage, nowMs: number): number {
  return Math.max(0, (open.firstOkMs ?? nowMs) - open.startMs);
}

// What the probers over TCP, plain and with TLS, have in common: the exchange that they are asked for, and
// results in the same words. Pure; it must not know how bytes travel.
import type { ProbeCode } from '../health/result-code.ts';
import { cleanDetail } from './detail.ts';
import type { HttpExpectation, HttpVerdict } from './http-verdict.ts';
import { describeConnectError, isExhaustion, type SystemError } from './net-error.ts';
import type { ProbeResult } from './probe.ts';

export interface HttpExchange {
  readonly request: Buffer;
  readonly expectation: HttpExpectation;
}

export const connectTimeout: ProbeResult = { ok: false, code: 'L4TOUT', detail: 'no connection in time' };

export function failure(code: ProbeCode, detail: string, ours = false): ProbeResult {
  const result = { ok: false, code, detail: cleanDetail(detail) };
  return ours ? { ...result, ours: true } : result;
}

/** No connection could be had. `source` is named when it was the address that could not be bound. */
export function connectFailure(error: SystemError, source: string | undefined): ProbeResult {
  // The kernel's own patience ended before ours.
  if (error.code === 'ETIMEDOUT') return connectTimeout;
  const { detail, ours } = describeConnectError(error, source);
  return failure('L4CON', detail, ours);
}

/** The connection broke while a reply was due. */
export function exchangeFailure(error: SystemError, verdict: HttpVerdict): ProbeResult {
  if (isExhaustion(error)) return failure('L7RSP', `read or write: ${error.code}`, true);
  const isReset = error.code === 'ECONNRESET' || error.code === 'EPIPE';
  return verdict.abort(isReset ? 'connection reset' : `connection lost (${error.code})`);
}

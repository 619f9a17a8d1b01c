// Errors on their way out over gRPC, gRPC-Web and Connect: the canonical code, REST's words, the places that
// were refused as details. It must not know any operation.
import { create } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { BadRequestSchema } from '@vpp-maglev/proto/error-details';
import { type ApiError, errorTable } from './errors.ts';
import { detailOf } from './request-check.ts';

/** Headers of the error become metadata of the same names; faults a `google.rpc.BadRequest`. */
export function connectErrorOf(error: ApiError): ConnectError {
  const violations = error.faults.map(({ path, message }) => ({ field: path, description: message }));
  const details = create(BadRequestSchema, { fieldViolations: violations });
  return new ConnectError(
    detailOf(error),
    errorTable[error.code].grpc,
    error.headers,
    violations.length === 0 ? [] : [{ desc: BadRequestSchema, value: details }],
  );
}

/** Why a call ended before its answer: its deadline, its client, or, if neither, the daemon's own stop. */
export function abortError(signal: AbortSignal): ConnectError {
  if (!signal.aborted) return new ConnectError('maglevd is stopping', Code.Unavailable);
  return ConnectError.from(signal.reason, Code.Canceled);
}

/**
 * The result of `work`, or the rejection that `errorOf` makes when the signal comes first. The work goes on
 * all the same: a change is never left half done because nobody waits for it any more.
 */
export async function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  errorOf: () => Error,
): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(errorOf());
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([aborted.promise, work]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

// Every way the API can refuse, in one table: code, HTTP status, canonical gRPC code, title. Knows no route.
import { Type } from 'typebox';
import type { Log } from '../lib/log.ts';

export const errorTable = {
  invalid_argument: { status: 400, grpc: 3, title: 'Invalid argument' },
  unauthenticated: { status: 401, grpc: 16, title: 'Not authenticated' },
  permission_denied: { status: 403, grpc: 7, title: 'Permission denied' },
  not_found: { status: 404, grpc: 5, title: 'Not found' },
  method_not_allowed: { status: 405, grpc: 12, title: 'Method not allowed' },
  unsupported_media_type: { status: 415, grpc: 3, title: 'Unsupported media type' },
  resource_exhausted: { status: 429, grpc: 8, title: 'Too much' },
  payload_too_large: { status: 413, grpc: 8, title: 'Payload too large' },
  failed_precondition: { status: 409, grpc: 9, title: 'Failed precondition' },
  internal: { status: 500, grpc: 13, title: 'Internal error' },
  unavailable: { status: 503, grpc: 14, title: 'Unavailable' },
} as const;

export type ErrorCode = keyof typeof errorTable;

/** A refusal on its way out; `message` is a whole sentence for people. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  /** Where in the request the fault lies, with what is wrong there. */
  readonly faults: readonly { readonly path: string; readonly message: string }[];
  /** Headers of the answer, names in lower case; over gRPC metadata. E.g. `retry-after`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ErrorCode,
    message: string,
    faults: ApiError['faults'] = [],
    headers: ApiError['headers'] = {},
  ) {
    super(message);
    this.code = code;
    this.faults = faults;
    this.headers = headers;
  }
}

/** Nothing can be told or changed before the first probes are planned. */
export function startingError(): ApiError {
  return new ApiError('unavailable', 'maglevd is starting: ask again');
}

export function internalError(): ApiError {
  return new ApiError('internal', 'the request could not be answered; the log of maglevd says why');
}

/**
 * What a handler threw: a refusal, or a bug of ours, which the log tells and the answer does not. `place`
 * says in the log what was asked.
 */
export function asApiError(error: unknown, log: Pick<Log, 'error'>, place: object): ApiError {
  if (error instanceof ApiError) return error;
  const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
  log.error('request-failed', { ...place, why });
  return internalError();
}

/** RFC 9457, with the canonical code. */
export const Problem = Type.Object(
  {
    type: Type.Literal('about:blank'),
    title: Type.String({ description: 'the code in words' }),
    status: Type.Integer({ description: 'HTTP status' }),
    detail: Type.String({ description: 'what is wrong, and what to do' }),
    code: Type.String({ description: 'canonical error code', examples: ['not_found'] }),
    faults: Type.Optional(
      Type.Array(Type.Object({ path: Type.String(), message: Type.String() }), {
        description: 'places in the request that were refused',
      }),
    ),
  },
  { description: 'application/problem+json' },
);

/** The problem document of an error. */
export function problemOf(error: ApiError) {
  const { status, title } = errorTable[error.code];
  const faults = error.faults.length > 0 ? { faults: error.faults } : {};
  return { type: 'about:blank', title, status, detail: error.message, code: error.code, ...faults };
}

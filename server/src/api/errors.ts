// Every way the API can refuse, in one table: canonical code, HTTP status, title. Knows no route.
import { Type } from 'typebox';

export const errorTable = {
  invalid_argument: { status: 400, title: 'Invalid argument' },
  unauthenticated: { status: 401, title: 'Not authenticated' },
  permission_denied: { status: 403, title: 'Permission denied' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  resource_exhausted: { status: 429, title: 'Too much' },
  payload_too_large: { status: 413, title: 'Payload too large' },
  failed_precondition: { status: 409, title: 'Failed precondition' },
  internal: { status: 500, title: 'Internal error' },
  unavailable: { status: 503, title: 'Unavailable' },
} as const;

export type ErrorCode = keyof typeof errorTable;

/** A refusal on its way out; `message` is a whole sentence for people. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  /** Where in the request the fault lies, with what is wrong there. */
  readonly faults: readonly { readonly path: string; readonly message: string }[];

  constructor(code: ErrorCode, message: string, faults: ApiError['faults'] = []) {
    super(message);
    this.code = code;
    this.faults = faults;
  }
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

// Whether a request fits the schemas of its operation, and the words in which it is told where not: one rule
// for every encoding. It must not know what carried the request.
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { ApiError } from './errors.ts';
import type { Operation } from './operations.ts';

/** Values are taken as they are: nothing is coerced, nothing removed, every fault is named. */
export const strictAjv = new Ajv2020({
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: false,
  allErrors: true,
});
formats.default(strictAjv);

type OperationSchemas = Pick<Operation, 'params' | 'query' | 'body'>;

/** The table never changes: a row is compiled once. */
const compiled = new WeakMap<OperationSchemas, ValidateFunction>();

function validatorOf(operation: OperationSchemas): ValidateFunction {
  const known = compiled.get(operation);
  if (known !== undefined) return known;
  const { params, query, body } = operation;
  const validate = strictAjv.compile({
    type: 'object',
    properties: { ...params.properties, ...query.properties, ...body.properties },
    required: [params, query, body].flatMap((schema) => schema.required ?? []),
    additionalProperties: false,
  });
  compiled.set(operation, validate);
  return validate;
}

/** Throws ApiError, with all faults, unless `fields` are what the operation's handler expects. */
export function checkRequest(operation: OperationSchemas, fields: unknown): void {
  const validate = validatorOf(operation);
  if (!validate(fields)) throw refusedRequest(faultsOf(validate.errors));
}

export function refusedRequest(faults: ApiError['faults']): ApiError {
  return new ApiError('invalid_argument', 'the request does not fit its schema', faults);
}

/** Ajv's errors with the paths as people write them: `transitions.0.to`. */
export function faultsOf(errors: readonly ErrorObject[] | null | undefined): ApiError['faults'] {
  return (errors ?? []).map((error) => {
    const unknown = error.keyword === 'additionalProperties' ? `/${error.params['additionalProperty']}` : '';
    const message = unknown ? 'is no field of this request' : (error.message ?? 'does not fit');
    return { path: (error.instancePath + unknown).slice(1).replaceAll('/', '.'), message };
  });
}

/** What every encoding says of an error: its message, and behind it the faults. */
export function detailOf({ message, faults }: ApiError): string {
  if (faults.length === 0) return message;
  return `${message}: ${faults.map((fault) => `${fault.path || 'body'}: ${fault.message}`).join('; ')}`;
}

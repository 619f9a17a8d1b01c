// What a page may ask for in a change: an operation by its name, for one maglevd. Pure; whether the request
// of the operation is right is for that maglevd to say.
import { ApiError } from '@vpp-maglev/server/errors';
import type { ChangeRequest } from '../src/contract.ts';
import { changeOperations, isChange } from './source.ts';

/** Throws ApiError that names every fault. */
export function readChangeRequest(body: unknown): ChangeRequest {
  if (!isObject(body)) throw refused([{ path: '', message: 'must be object' }]);
  const faults: { path: string; message: string }[] = [];
  const { maglevd, operation, request = {}, ...others } = body;
  for (const path of Object.keys(others)) faults.push({ path, message: 'is no field of this request' });
  if (typeof maglevd !== 'string') faults.push({ path: 'maglevd', message: 'must be string' });
  const isKnown = typeof operation === 'string' && isChange(operation);
  if (!isKnown) {
    faults.push({ path: 'operation', message: `must be one of ${changeOperations.join(', ')}` });
  }
  if (!isObject(request)) faults.push({ path: 'request', message: 'must be object' });
  if (faults.length === 0 && typeof maglevd === 'string' && isKnown && isObject(request)) {
    return { maglevd, operation, request };
  }
  throw refused(faults);
}

function refused(faults: readonly { readonly path: string; readonly message: string }[]): ApiError {
  const told = faults.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return new ApiError('invalid_argument', `the request does not fit: ${told.join('; ')}`, faults);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// How a remote maglevd is told who is behind a change: it knows only the dashboard's own credentials, so the
// operator stands in the reason. Pure.
import { addressLengthMax, reasonLengthMax, userLengthMax } from './limits.ts';
import type { ChangeCaller, Json } from './source.ts';

/** Operations whose request has a reason. */
const withReasons: readonly string[] = [
  'PauseBackend',
  'ResumeBackend',
  'EnableBackend',
  'DisableBackend',
  'SetFrontendPoolBackendWeight',
];

/** As daemons record it: `dashboard user alice (192.0.2.7)`. */
export function describeOperator({ user, address }: Pick<ChangeCaller, 'user' | 'address'>): string {
  return `dashboard user ${user.slice(0, userLengthMax)} (${address.slice(0, addressLengthMax)})`;
}

/**
 * The request with the operator in its reason. A reason that gets too long by that is cut, the operator is
 * not; one that is too long by itself is for the daemon to refuse.
 */
export function withReason(rpc: string, request: Json, caller: ChangeCaller): Json {
  if (!withReasons.includes(rpc)) return request;
  const operator = describeOperator(caller);
  const given = request['reason'];
  if (given === undefined || given === '') return { ...request, reason: operator };
  if (typeof given !== 'string' || given.length > reasonLengthMax) return request;
  const room = reasonLengthMax - operator.length - ', '.length;
  return { ...request, reason: `${given.slice(0, room)}, ${operator}` };
}

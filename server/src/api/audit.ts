// The book of changes: who asked for which, and what became of it, as a log line and an event. Refusals of
// those who may not change anything are counted beyond a bound, not written: a flood of them must not push
// all else out of the events.
import type { Audit as AuditNote } from '../events/event.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { auditRefusalsMax, auditWindowMs, nameLengthMax, reasonLengthMax } from '../lib/limits.ts';
import type { Log } from '../lib/log.ts';
import { textProblem } from '../overrides/text.ts';
import { type Caller, describeCaller, type Role } from './caller.ts';

export interface AuditOptions {
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn'>;
  readonly events: Pick<EventLog, 'append'>;
}

/** `ok`, or the code of the refusal and why. */
export interface AuditOutcome {
  readonly code: string;
  readonly why?: string;
}

export interface Audit {
  /**
   * Writes down one call of an operation; those for viewers are not. `request` is what the handler got or
   * would have got: nothing of it is believed.
   */
  record(
    operation: { readonly rpc: string; readonly role: Role },
    caller: Caller,
    request: unknown,
    outcome: AuditOutcome,
  ): void;
  /** Says what is counted and not yet told. */
  stop(): void;
}

export function createAudit({ clock, log, events }: AuditOptions): Audit {
  let refusals = 0;
  let dropped = 0;
  let windowEnd: Timer | undefined;

  function endWindow(): void {
    windowEnd?.cancel();
    windowEnd = undefined;
    if (dropped > 0) log.warn('audit-dropped', { count: dropped });
    refusals = 0;
    dropped = 0;
  }

  /** Whether one more refusal has its place; a window begins with its first. */
  function hasRoom(): boolean {
    windowEnd ??= clock.setTimer(auditWindowMs, endWindow);
    refusals += 1;
    if (refusals <= auditRefusalsMax) return true;
    dropped += 1;
    return false;
  }

  return {
    record({ rpc, role }, caller, request, { code, why }) {
      if (role !== 'operator') return;
      if (code !== 'ok' && caller.role !== 'operator' && !hasRoom()) return;
      const fields = typeof request === 'object' && request !== null ? request : {};
      const target = targetOf(fields);
      const { user, address, requestId } = caller;
      const note: AuditNote = {
        operation: rpc,
        ...(target !== undefined && { target }),
        ...(user !== undefined && { user }),
        address,
        requestId,
        code,
      };
      const reason = textOf(fields, 'reason', reasonLengthMax);
      log.info('audit', {
        ...note,
        ...(why !== undefined && { why }),
        ...(reason !== undefined && { reason }),
      });
      const what = target === undefined ? rpc : `${rpc} ${target}`;
      const message = `${what} by ${describeCaller(caller)}: ${code}`;
      events.append({ kind: 'config', outcome: 'audit', message, audit: note });
    },
    stop: endWindow,
  };
}

/** What a request wants to change, by its path: `www/primary/nginx0`, `nginx0`, `www`. */
function targetOf(fields: object): string | undefined {
  const names = ['frontend', 'pool', 'backend'].map((name) => textOf(fields, name, nameLengthMax));
  return names.filter((name) => name !== undefined).join('/') || undefined;
}

function textOf(fields: object, name: string, lengthMax: number): string | undefined {
  const text: unknown = Reflect.get(fields, name);
  const isText = typeof text === 'string' && text !== '' && textProblem(text, lengthMax) === undefined;
  return isText ? text : undefined;
}

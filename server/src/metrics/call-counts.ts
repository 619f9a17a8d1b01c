// Counts messages to and from VPP by name, direction and result. It knows no connection.
import type { ApiCall } from '../dataplane/vpp/connection.ts';
import { vppErrorName } from '../dataplane/vpp/error-names.ts';

/** Calls that were sent to VPP, and replies that came, since the start. A dump is one of each. */
export interface CallTotals {
  readonly sent: number;
  readonly received: number;
}

export class CallCounts {
  readonly #counts = new Map<string, number>();
  #sent = 0;
  #received = 0;

  count({ message, direction, retval }: ApiCall): void {
    const key = `${message} ${direction} ${retval < 0 ? vppErrorName(retval) : 'ok'}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    if (direction === 'send') this.#sent += 1;
    else this.#received += 1;
  }

  /** By `${message} ${direction} ${result}`; the result is ok, or VPP's word for its refusal. */
  all(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  totals(): CallTotals {
    return { sent: this.#sent, received: this.#received };
  }
}

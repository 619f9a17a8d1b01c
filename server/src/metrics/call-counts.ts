// Counts messages to and from VPP by name, direction and result. It knows no connection.
import type { ApiCall } from '../dataplane/vpp/connection.ts';
import { vppErrorName } from '../dataplane/vpp/error-names.ts';

export class CallCounts {
  readonly #counts = new Map<string, number>();

  count({ message, direction, retval }: ApiCall): void {
    const key = `${message} ${direction} ${retval < 0 ? vppErrorName(retval) : 'ok'}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** By `${message} ${direction} ${result}`; the result is ok, or VPP's word for its refusal. */
  all(): ReadonlyMap<string, number> {
    return this.#counts;
  }
}

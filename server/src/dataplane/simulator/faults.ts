// What can be made to go wrong with a simulated VPP, on demand. Values and counts; acts on nothing itself.
import { assert } from '../../lib/assert.ts';

export class Faults {
  /** Each reply waits this long; order stays. */
  delayMs = 0;
  /** Nothing is answered, and nothing executed. */
  silent = false;
  /** The next reply is cut in its middle, and the connection closed. */
  cutNextReply = false;
  /** Names of messages that the table lists with another CRC; seen by connections made from now on. */
  readonly wrongCrcs = new Set<string>();
  /** Names of messages that the table does not list, as of an old VPP; seen from now on, too. */
  readonly missing = new Set<string>();
  readonly #refusals = new Map<string, { retval: number; left: number }>();

  /** The next `times` requests of this name are refused, and not executed. */
  refuse(name: string, retval: number, times = 1): void {
    assert(retval !== 0, 'a refusal is not 0');
    this.#refusals.set(name, { retval, left: times });
  }

  /** Uses one refusal up; undefined: there is none. */
  takeRefusal(name: string): number | undefined {
    const refusal = this.#refusals.get(name);
    if (!refusal) return undefined;
    refusal.left--;
    if (refusal.left <= 0) this.#refusals.delete(name);
    return refusal.retval;
  }

  takeCut(): boolean {
    const cut = this.cutNextReply;
    this.cutNextReply = false;
    return cut;
  }
}

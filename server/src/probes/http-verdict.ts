// From the bytes of a reply to a probe's result: what arrived (http-response) against what was expected
// (match). Pure: it neither reads sockets nor knows the time; the probe says when the peer closed or the time
// was up. The verdict depends on the bytes alone, not on how they were cut: a status that is not wanted, and
// a match that nothing can undo, stand even when what follows them is broken.
import type { CodeRange } from '../config/config.ts';
import { responseBodyBytesMax } from '../lib/limits.ts';
import { HttpResponse } from './http-response.ts';
import { acceptsStatus, type BodyPattern } from './match.ts';
import type { ProbeResult } from './probe.ts';

export interface HttpExpectation {
  readonly isHead: boolean;
  readonly statuses: readonly CodeRange[];
  readonly pattern?: BodyPattern;
}

/** The judge of one reply. Each call gives the result once it stands; none may follow after that. */
export class HttpVerdict {
  readonly #expectation: HttpExpectation;
  readonly #response: HttpResponse;
  /** A body that is still growing is looked at when it has doubled: the work stays linear. */
  #nextLookBytes = 1;

  constructor(expectation: HttpExpectation) {
    this.#expectation = expectation;
    this.#response = new HttpResponse({
      isHead: expectation.isHead,
      wantsBody: expectation.pattern !== undefined,
    });
  }

  /** Takes the first `length` bytes; gives the result, or undefined while more is needed. */
  feed(bytes: Uint8Array, length: number): ProbeResult | undefined {
    this.#response.feed(bytes, length);
    return this.#judge();
  }

  /** The peer closed its side in good order. */
  end(): ProbeResult {
    this.#response.end();
    return this.#judge() ?? failure('connection closed before the reply was whole');
  }

  /** The connection broke; `reason` says how, e.g. "connection reset". */
  abort(reason: string): ProbeResult {
    const what = this.#response.phase === 'body' ? 'body' : 'reply';
    return this.#matchSoFar() ?? failure(`${reason} before the ${what} was whole`);
  }

  /** The time is up. A body that already matches is not a time-out: only its end was still missing. */
  expire(): ProbeResult {
    const { phase, isEmpty, bodyLength } = this.#response;
    const matched = this.#matchSoFar();
    if (matched) return matched;
    if (isEmpty) return timeout('no reply in time');
    if (phase !== 'body') return timeout(`${phase} not whole in time`);
    return timeout(`body not whole in time (${bodyLength} bytes came)`);
  }

  #judge(): ProbeResult | undefined {
    const { phase, status } = this.#response;
    const { statuses, pattern } = this.#expectation;
    if (status === 0) return phase === 'malformed' ? failure(this.#response.fault) : undefined;
    if (!acceptsStatus(statuses, status)) return { ok: false, code: 'L7STS', detail: `HTTP ${status}` };
    if (pattern === undefined) return success(status);
    if (phase === 'whole') return this.#judgeWholeBody(pattern, status);
    if (phase === 'malformed') return this.#matchSoFar() ?? failure(this.#response.fault);
    return this.#judgeGrowingBody();
  }

  #judgeWholeBody(pattern: BodyPattern, status: number): ProbeResult {
    const { body, bodyLength } = this.#response;
    if (pattern.matchesWhole(body)) return success(status);
    const seen =
      bodyLength < responseBodyBytesMax ? 'body does' : `first ${bodyLength / 1024} KiB of the body do`;
    return failure(`HTTP ${status}, ${seen} not match`);
  }

  #judgeGrowingBody(): ProbeResult | undefined {
    if (this.#response.bodyLength < this.#nextLookBytes) return undefined;
    this.#nextLookBytes = 2 * this.#response.bodyLength;
    return this.#matchSoFar();
  }

  #matchSoFar(): ProbeResult | undefined {
    const { status, body, bodyLength } = this.#response;
    const isMatch = bodyLength > 0 && this.#expectation.pattern?.matchesSoFar(body);
    return isMatch ? success(status) : undefined;
  }
}

function success(status: number): ProbeResult {
  return { ok: true, code: 'L7OK', detail: `HTTP ${status}` };
}

function failure(detail: string): ProbeResult {
  return { ok: false, code: 'L7RSP', detail };
}

function timeout(detail: string): ProbeResult {
  return { ok: false, code: 'L7TOUT', detail };
}

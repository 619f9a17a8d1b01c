// Fuzzes the reader of HTTP replies and the verdict on them. As a program:
//   node server/test/fuzz/http-response.ts [--seconds 60] [--seed 1]
// Every execution spoils a valid reply, cuts it into pieces, and asks the oracles below. A finding prints the
// seed of its execution; `--seed` with that number runs it first.
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { detailLengthMax, responseBodyBytesMax, responseHeadBytesMax } from '../../src/lib/limits.ts';
import { createPrng, type Prng, randomSeed } from '../../src/lib/prng.ts';
import { HttpResponse } from '../../src/probes/http-response.ts';
import { type HttpExpectation, HttpVerdict } from '../../src/probes/http-verdict.ts';
import { compileBodyPattern } from '../../src/probes/match.ts';
import type { ProbeResult } from '../../src/probes/probe.ts';
import { cut, mutate, validReply } from '../support/http-replies.ts';

const patterns = [undefined, undefined, 'ok', '^ok', 'x$', '[\\x80-\\xff]', 'a.*b', '^$', '\\bok\\b'].map(
  (source) => source && compileBodyPattern(source),
);
const endings = ['end', 'abort', 'expire'] as const;
type Ending = (typeof endings)[number];

function randomExpectation(prng: Prng): HttpExpectation {
  const pattern = patterns[prng.below(patterns.length)];
  const expectation = { isHead: prng.below(10) === 0, statuses: [{ first: 200, last: 499 }] };
  return pattern ? { ...expectation, pattern } : expectation;
}

/** Feeds pieces through a buffer that is overwritten after each, as the sockets' shared one is. */
function judge(verdict: HttpVerdict, pieces: readonly Buffer[], ending: Ending): ProbeResult {
  const shared = new Uint8Array(pieces.reduce((longest, { length }) => Math.max(longest, length), 1));
  for (const piece of pieces) {
    shared.set(piece);
    const result = verdict.feed(shared, piece.length);
    if (result) return result;
    shared.fill(0x30);
  }
  return ending === 'abort' ? verdict.abort('connection reset') : verdict[ending]();
}

/** A result is one that a probe may give: right code, one printable bounded line. */
function assertWellFormed(result: ProbeResult): void {
  assert.match(result.code, /^L7(OK|STS|RSP|TOUT)$/);
  assert.equal(result.ok, result.code === 'L7OK');
  assert.match(result.detail, /^[\x20-\x7e]+$/);
  assert.ok(result.detail.length <= detailLengthMax);
}

const heldBytesMax = 2 * responseHeadBytesMax + 2 * responseBodyBytesMax;

/** Memory stays bounded, the status once known stays, and after the end nothing changes any more. */
function assertSteady({ isHead }: HttpExpectation, pieces: readonly Buffer[]): void {
  const response = new HttpResponse({ isHead, wantsBody: true });
  let last = { status: 0, bodyLength: 0, isOver: false, phase: response.phase };
  for (const piece of pieces) {
    response.feed(piece, piece.length);
    const { status, bodyLength, phase } = response;
    assert.ok(response.heldBytes <= heldBytesMax, `holds ${response.heldBytes} bytes`);
    assert.ok(bodyLength <= responseBodyBytesMax && bodyLength >= last.bodyLength);
    assert.ok(last.status === 0 || status === last.status);
    if (last.isOver) assert.deepEqual({ status, bodyLength, phase, isOver: true }, last);
    last = { status, bodyLength, phase, isOver: phase === 'whole' || phase === 'malformed' };
  }
}

/** One execution; throws at a finding. `makeVerdict` stands for what is under test. */
export function fuzzOnce(
  seed: number,
  makeVerdict: (expectation: HttpExpectation) => HttpVerdict = (expectation) => new HttpVerdict(expectation),
): void {
  const prng = createPrng(seed);
  const bytes = mutate(prng, validReply(prng).bytes);
  const expectation = randomExpectation(prng);
  const ending = endings[prng.below(endings.length)] ?? 'end';
  const whole = judge(makeVerdict(expectation), [bytes], ending);
  assertWellFormed(whole);
  const pieces = cut(prng, bytes);
  assert.deepEqual(
    judge(makeVerdict(expectation), pieces, ending),
    whole,
    'the verdict depends on how the bytes were cut',
  );
  assertSteady(expectation, pieces);
}

/** Runs for a time; gives the number of executions. Throws at the first finding, with its seed. */
export function fuzz(firstSeed: number, seconds: number): number {
  const endMs = performance.now() + seconds * 1000;
  let count = 0;
  for (; performance.now() < endMs; count++) {
    const seed = (firstSeed + count) >>> 0;
    try {
      fuzzOnce(seed);
    } catch (error) {
      throw new Error(`http-response: finding with --seed ${seed}`, { cause: error });
    }
  }
  return count;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' } } });
  const seed = values.seed === undefined ? randomSeed() : Number(values.seed);
  const seconds = Number(values.seconds ?? 60);
  console.log(`fuzzing http-response for ${seconds} s from seed ${seed}`);
  console.log(`${fuzz(seed, seconds)} executions without a finding`);
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HttpExpectation, HttpVerdict } from './http-verdict.ts';
import { compileBodyPattern } from './match.ts';

const good = [{ first: 200, last: 299 }];
const plain: HttpExpectation = { isHead: false, statuses: good };
const wants = (source: string): HttpExpectation => ({ ...plain, pattern: compileBodyPattern(source) });

/** Feeds the pieces; the result of the last one that gave one. */
function judge(expectation: HttpExpectation, ...pieces: readonly string[]) {
  const verdict = new HttpVerdict(expectation);
  for (const [at, piece] of pieces.entries()) {
    const result = verdict.feed(Buffer.from(piece, 'latin1'), piece.length);
    if (result) {
      assert.equal(at, pieces.length - 1, 'the verdict stands only with the last piece');
      return result;
    }
  }
  return verdict;
}

function undecided(expectation: HttpExpectation, ...pieces: readonly string[]): HttpVerdict {
  const verdict = judge(expectation, ...pieces);
  assert.ok(verdict instanceof HttpVerdict, JSON.stringify(verdict));
  return verdict;
}

const head = 'HTTP/1.1 200 OK\r\n';
const ok = { ok: true, code: 'L7OK', detail: 'HTTP 200' };
const failed = (detail: string) => ({ ok: false, code: 'L7RSP', detail });

test('without a pattern the verdict stands when the headers are whole', () => {
  assert.deepEqual(judge(plain, head, 'Content-Length: 100\r\n', '\r\n'), ok);
  assert.deepEqual(judge(plain, 'HTTP/1.1 503 x\r\n\r\n'), { ok: false, code: 'L7STS', detail: 'HTTP 503' });
  assert.deepEqual(
    judge(plain, 'HTTP/1.1 200 O', 'K\rx\r\n'),
    failed('malformed status line "HTTP/1.1 200 OK\\x0dx"'),
  );
});

test('a status that is not wanted stands, however broken its body is', () => {
  const reply = 'HTTP/1.1 500 x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n';
  assert.deepEqual(judge(wants('ok'), reply), { ok: false, code: 'L7STS', detail: 'HTTP 500' });
});

test('a match that nothing can undo stands at once, and whatever comes after it', () => {
  assert.deepEqual(judge(wants('^ok'), `${head}Content-Length: 100\r\n\r\no`, 'k'), ok);
  assert.deepEqual(judge(wants('^ok'), `${head}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n`), ok);
  const broken = `${head}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n`;
  assert.deepEqual(judge(wants('^ok$'), broken), failed('malformed chunk size "zz"'));
});

test('a growing body is looked at when it has doubled, and again at the end of the time', () => {
  const verdict = undecided(wants('k!'), `${head}Content-Length: 100\r\n\r\no`, 'o', 'k');
  assert.equal(verdict.feed(Buffer.from('!'), 1)?.code, 'L7OK', 'the fourth byte doubles the second');
  const late = undecided(wants('!'), `${head}Content-Length: 100\r\n\r\n1234`, '!');
  assert.deepEqual(late.expire(), ok);
});

test('the end decides a pattern that looks at it', () => {
  assert.deepEqual(undecided(wants('^ok$'), `${head}\r\nok`).end(), ok);
  assert.deepEqual(
    undecided(wants('^ok$'), `${head}\r\nokay`).end(),
    failed('HTTP 200, body does not match'),
  );
  assert.deepEqual(judge(wants('^ok$'), `${head}Content-Length: 2\r\n\r\nok`), ok);
});

test('ends, resets and time-outs say what was missing', () => {
  const pieces = ['', 'HTTP/1.', 'HTTP/1.1 200 OK\r\nX', `${head}Content-Length: 9\r\n\r\nabc`];
  const at = (piece: string) => undecided(wants('ok'), piece);
  assert.deepEqual(
    pieces.map((piece) => at(piece).end().detail),
    [
      'connection closed without a reply',
      'connection closed before the reply was whole',
      'connection closed before the reply was whole',
      'connection closed before the body was whole',
    ],
  );
  assert.deepEqual(
    pieces.map((piece) => at(piece).abort('connection reset').detail),
    [
      'connection reset before the reply was whole',
      'connection reset before the reply was whole',
      'connection reset before the reply was whole',
      'connection reset before the body was whole',
    ],
  );
  assert.deepEqual(
    pieces.map((piece) => at(piece).expire()),
    [
      'no reply in time',
      'status line not whole in time',
      'headers not whole in time',
      'body not whole in time (3 bytes came)',
    ].map((detail) => ({ ok: false, code: 'L7TOUT', detail })),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createAnswerReader, endAnswer, type Progress, readAnswer } from './http-answer.ts';

const crlf = (text: string) => text.replaceAll('\n', '\r\n');

function read(text: string, cuts: readonly number[] = [], closes = false): Progress {
  const reader = createAnswerReader('X-IPng-Frontend');
  let from = 0;
  for (const cut of [...cuts, text.length]) {
    if (cut <= from) continue;
    const progress = readAnswer(reader, text.slice(from, cut));
    from = cut;
    if (progress.t !== 'more') return progress;
  }
  return closes ? endAnswer(reader) : { t: 'more' };
}

const done = (status: number, value: string | undefined, keepsAlive: boolean): Progress => ({
  t: 'done',
  answer: { status, value, keepsAlive },
});

const whole: readonly (readonly [what: string, text: string, expected: Progress])[] = [
  ['length', 'HTTP/1.1 200 OK\nContent-Length: 3\nx-ipng-frontend: a\n\nok\n', done(200, 'a', true)],
  ['no body', 'HTTP/1.1 204 No Content\nConnection: close\n\n', done(204, undefined, false)],
  ['no reason', 'HTTP/1.1 503\nContent-Length: 0\n\n', done(503, undefined, true)],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\nContent-Length: 0\n\n', done(200, undefined, false)],
  ['1.0 kept', 'HTTP/1.0 200 OK\nConnection: Keep-Alive\nContent-Length: 0\n\n', done(200, undefined, true)],
  [
    'two values',
    'HTTP/1.1 200 OK\nX-IPng-Frontend: a\nX-IPNG-FRONTEND: b\nContent-Length: 0\n\n',
    done(200, 'a, b', true),
  ],
  [
    'interim',
    'HTTP/1.1 103 Early\nLink: x\n\nHTTP/1.1 301 Moved\nContent-Length: 0\n\n',
    done(301, undefined, true),
  ],
  [
    'chunks',
    'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3;x=y\nabc\n0a\n0123456789\n0\nTrailer: t\n\n',
    done(200, undefined, true),
  ],
];

for (const [what, text, expected] of whole) {
  test(`an answer is read, however it is cut: ${what}`, () => {
    // Bodies stand for themselves: only line ends of the head and of chunks are CRLF.
    const wire = what === 'length' ? `${crlf(text.slice(0, -3))}ok\n` : crlf(text);
    assert.deepEqual(read(wire), expected);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: wire.length }), { maxLength: 20 }), (cuts) => {
        assert.deepEqual(
          read(
            wire,
            cuts.toSorted((a, b) => a - b),
          ),
          expected,
        );
      }),
    );
    for (let cut = 0; cut < wire.length; cut += 1) {
      const { t } = read(wire.slice(0, cut), [], true);
      assert.equal(t, 'bad', `cut after ${cut} it is not whole`);
    }
  });
}

test('without a length the end of the connection ends the body', () => {
  assert.deepEqual(read('HTTP/1.1 200 OK\r\n\r\nsome', [], false), { t: 'more' });
  assert.deepEqual(read('HTTP/1.1 200 OK\r\n\r\nsome', [], true), done(200, undefined, false));
});

test('bytes after the answer end the connection', () => {
  assert.deepEqual(read('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc'), done(200, undefined, false));
});

test('a body without end counts as whole after 1 MiB', () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n';
  assert.deepEqual(read(head + 'x'.repeat(1024 * 1024)), done(200, undefined, false));
});

const refused: readonly (readonly [text: string, detail: RegExp])[] = [
  ['SSH-2.0-OpenSSH\r\n', /not HTTP/],
  ['HTTP/2 200\r\n\r\n', /not HTTP/],
  ['HTTP/1.1 999 No\r\n\r\n', /status line/],
  ['HTTP/1.1 200 OK\r\nnonsense\r\n\r\n', /without a name/],
  ['HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n', /not a number/],
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n', /chunk without length/],
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n', /longer than its length/],
  [`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}`, /longer than 65536/],
];
for (const [text, detail] of refused) {
  test(`what is no answer is refused: ${JSON.stringify(text.slice(0, 40))}`, () => {
    const progress = read(text);
    assert.equal(progress.t, 'bad');
    assert.match(progress.t === 'bad' ? progress.detail : '', detail);
  });
}

test('noise is judged, never thrown at', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom('HTTP/1.1 200 OK\r\n', '\r\n\r\n', 'Transfer-Encoding: chunked\r\n', '5\r\n'),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      assert.ok(['more', 'done', 'bad'].includes(read(pieces.join(''), [], true).t));
    }),
  );
});

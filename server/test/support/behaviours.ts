// The table of what a server can do to a probe: HTTP replies, whole and broken, and bytes below HTTP.
// Served by misbehaving-server.ts; knows sockets, and no probe.
import type { Socket } from 'node:net';
import type { Behaviour } from './misbehaving-server.ts';

export const okReply = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n';

type Bytes = string | Uint8Array;
const toBuffer = (bytes: Bytes) => (typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);

/** Reads until the request is whole, then acts; a request that never comes is never answered. */
function afterRequest(act: (socket: Socket, reset: () => void) => void): Behaviour {
  return ({ socket, reset }) => {
    let text = '';
    const onData = (bytes: Buffer) => {
      text += bytes.toString('latin1');
      if (!text.includes('\r\n\r\n')) return;
      socket.off('data', onData);
      socket.resume();
      act(socket, reset);
    };
    socket.on('data', onData);
  };
}

/** Never says anything; reads, so that the peer's close is seen. */
export const silent: Behaviour = ({ socket }) => void socket.resume();
export const hangUpAtOnce: Behaviour = ({ socket }) => void socket.resume().end();
export const resetAtOnce: Behaviour = ({ reset }) => reset();

/** Says this and leaves the connection open. */
export const say = (bytes: Bytes): Behaviour => afterRequest((socket) => socket.write(toBuffer(bytes)));
/** Says this without waiting for a request, and leaves the connection open. */
export const greet =
  (bytes: Bytes): Behaviour =>
  ({ socket }) =>
    void socket.resume().write(toBuffer(bytes));
export const sayAndEnd = (bytes: Bytes): Behaviour => afterRequest((socket) => socket.end(toBuffer(bytes)));
/** The reset follows when the bytes have left. */
export const sayAndReset = (bytes: Bytes): Behaviour =>
  afterRequest((socket, reset) => {
    // The probe must have read the bytes: over TLS a record that lies unread when the reset comes is lost.
    if (bytes.length === 0) reset();
    else socket.write(toBuffer(bytes), () => setTimeout(reset, 20));
  });

/** One byte per turn of the loop, so that most arrive alone. */
export const dribble = (bytes: Bytes): Behaviour =>
  afterRequest((socket) => {
    const all = toBuffer(bytes);
    let at = 0;
    socket.setNoDelay(true);
    const next = () => {
      if (socket.destroyed) return;
      if (at === all.length) socket.end();
      else socket.write(all.subarray(at, ++at), () => setImmediate(next));
    };
    next();
  });

/** Says this, then that again and again, as fast as the peer reads. */
export const flood = (first: Bytes, again: Bytes): Behaviour =>
  afterRequest((socket) => {
    const block = Buffer.concat(Array.from({ length: 64 }, () => toBuffer(again)));
    const more = () => {
      while (!socket.destroyed && socket.write(block));
    };
    socket.on('drain', more);
    socket.write(toBuffer(first));
    more();
  });

const kib = 1024;
/** `count` bytes that are no line end. */
const filler = (count: number) => 'x'.repeat(count);
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const chunkedHead = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

/** Behaviours by name, for tables. */
export const behaviours = {
  ok: say(okReply),
  okHttp10: sayAndEnd('HTTP/1.0 200 OK\r\n\r\nok\n'),
  okWithoutReason: say('HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n'),
  okBareLineFeeds: say('HTTP/1.1 200 OK\nContent-Length: 3\n\nok\n'),
  okByteByByte: dribble(okReply),
  okAfterContinue: say(
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${okReply}`,
  ),
  okChunked: say(`${chunkedHead}${chunk('o')}${chunk('k')}0\r\n\r\n`),
  okBodyNeverEnds: say('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok'),
  okBodyReset: sayAndReset('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok'),
  okBodyFlood: flood('HTTP/1.1 200 OK\r\n\r\n', filler(kib)),
  okBodyHuge: say(`HTTP/1.1 200 OK\r\nContent-Length: ${1024 * kib}\r\n\r\n${filler(1024 * kib)}`),
  unavailable: say('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'),
  redirect: say('HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n'),
  noContent: say('HTTP/1.1 204 No Content\r\n\r\n'),
  silent,
  halfStatusLine: say('HTTP/1.1 20'),
  halfStatusLineThenEnd: sayAndEnd('HTTP/1.1 20'),
  halfStatusLineThenReset: sayAndReset('HTTP/1.1 20'),
  halfHeaders: say('HTTP/1.1 200 OK\r\nContent-Ty'),
  halfHeadersThenEnd: sayAndEnd('HTTP/1.1 200 OK\r\nContent-Ty'),
  halfHeadersThenReset: sayAndReset('HTTP/1.1 200 OK\r\nContent-Ty'),
  endWithoutReply: sayAndEnd(''),
  resetWithoutReply: sayAndReset(''),
  bodyTooShort: sayAndEnd('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot much'),
  bodyNotWhole: say('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot much'),
  bodyReset: sayAndReset('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot much'),
  contentLengthNegative: say('HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nok\n'),
  contentLengthTwice: say('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nok\n'),
  chunkSizeMalformed: say(`${chunkedHead}zz\r\nok\r\n0\r\n\r\n`),
  chunkSizeHuge: say(`${chunkedHead}fffffffffffffffff\r\nok`),
  chunkSizeEndless: flood(chunkedHead, '1;'),
  chunkTooLong: say(`${chunkedHead}2\r\nyes it is\r\n0\r\n\r\n`),
  chunkedWithoutEnd: sayAndEnd(`${chunkedHead}${chunk('not much')}`),
  continueFlood: flood('', 'HTTP/1.1 100 Continue\r\n\r\n'),
  switchingProtocols: say('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n'),
  headersEndless: flood('HTTP/1.1 200 OK\r\n', 'X-More: yes\r\n'),
  headerLineEndless: flood('HTTP/1.1 200 OK\r\nX-More: ', filler(kib)),
  statusLineEndless: flood('HTTP/1.1 200 ', filler(kib)),
  lineEndless: flood('', filler(kib)),
  headerMalformed: say('HTTP/1.1 200 OK\r\nno colon here\r\n\r\n'),
  headerNameBlank: say('HTTP/1.1 200 OK\r\nContent-Length : 3\r\n\r\nok\n'),
  statusMalformed: say('HTTP/1.1 2x0 OK\r\n\r\n'),
  statusTooShort: say('HTTP/1.1 20 OK\r\n\r\n'),
  version2: say('HTTP/2.0 200 OK\r\n\r\n'),
  http09: sayAndEnd('<html>hello</html>\n'),
  ssh: greet('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'),
  binary: greet(Uint8Array.from({ length: 64 }, (_, at) => (at * 37 + 128) & 0xff)),
  escapes: say('\x1b]0;owned\x07\x1b[2Jok\r\n'),
} satisfies Record<string, Behaviour>;

/** Acts on the first bytes that come, whatever they are. */
export const onFirstBytes =
  (act: Behaviour): Behaviour =>
  (peer) =>
    void peer.socket.once('data', () => act(peer));

/** Answers the client's greeting with a fatal TLS alert (RFC 8446 6). */
export const tlsAlert = (description: number): Behaviour =>
  onFirstBytes(({ socket }) => socket.write(Uint8Array.of(0x15, 3, 3, 0, 2, 2, description)));

// A program of its own: asks for one path again and again over a few connections that stay open, and looks at
// no more of the answers than where they end, so that it costs less than what it asks.
// Arguments: port, path, connections, seconds. Prints the number of whole answers.
import { connect } from 'node:net';

const [port, path = '/', connections, seconds] = process.argv.slice(2);
const request = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
const receiveBytes = 256 * 1024;
let answers = 0;

function fail(message: string): never {
  process.stderr.write(`load-client: ${message}\n`);
  process.exit(1);
}

/** Whole length of an answer whose head stands at the beginning of these bytes. */
function answerLength(bytes: Buffer): number {
  const headEnd = bytes.indexOf('\r\n\r\n');
  const head = bytes.toString('latin1', 0, Math.max(0, headEnd));
  const length = /^content-length: (\d+)\r?$/im.exec(head)?.[1];
  if (!head.startsWith('HTTP/1.1 200 ') || length === undefined) fail(`unexpected answer: ${head}`);
  return headEnd + 4 + Number(length);
}

function open(): void {
  let owed = 0;
  const take = (count: number, bytes: Uint8Array) => {
    if (owed === 0) owed = answerLength(Buffer.from(bytes.buffer, bytes.byteOffset, count));
    owed -= count;
    if (owed < 0) fail('more bytes than announced');
    if (owed === 0) {
      answers++;
      socket.write(request);
    }
    return true;
  };
  const socket = connect({
    host: '127.0.0.1',
    port: Number(port),
    onread: { buffer: Buffer.allocUnsafe(receiveBytes), callback: take },
  });
  socket.on('connect', () => socket.write(request));
  socket.on('error', (error) => fail(error.message));
  socket.on('end', () => fail('the server has closed the connection'));
}

for (let index = 0; index < Number(connections); index++) open();
setTimeout(() => {
  process.stdout.write(`${answers}\n`, () => process.exit(0));
}, 1000 * Number(seconds));

// A program of its own: answers HTTP on every loopback address, each in the way that it was told last. Lines
// on standard input are `<address> <behaviour>`; whoever was not named is well. Argument: the port.
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

const answer = (status: string, body = '') =>
  Buffer.from(`HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
const well = answer('200 OK');
const ill = answer('503 Service Unavailable');
const endlessHead = Buffer.from(
  `HTTP/1.1 200 OK\r\n${'X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(4000)}`,
);

/** What each word means to a connection that has sent its request. */
const behaviours: Readonly<Record<string, (socket: Socket) => void>> = {
  well: (socket) => socket.end(well),
  ill: (socket) => socket.end(ill),
  closing: (socket) => socket.destroy(),
  reset: (socket) => socket.resetAndDestroy(),
  garbage: (socket) => socket.end(Buffer.from([0, 255, 13, 10, 72, 84, 84, 80, 13, 10, 13, 10])),
  endless: (socket) => void socket.write(endlessHead),
  negative: (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'),
  version: (socket) => socket.end('HTTP/9.9 200 OK\r\n\r\n'),
  status: (socket) => socket.end('HTTP/1.1 99999999999 OK\r\n\r\n'),
  half: (socket) => socket.end('HTTP/1.1 2'),
  silent: () => undefined,
};

const told = new Map<string, string>();
createInterface({ input: process.stdin }).on('line', (line) => {
  const [address = '', word = ''] = line.split(' ');
  told.set(address, word);
  process.stdout.write(`${line}\n`);
});
process.stdin.on('end', () => process.exit(0));

const server = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  const address = (socket.localAddress ?? '').replace('::ffff:', '');
  socket.once('data', () => behaviours[told.get(address) ?? 'well']?.(socket));
});
server.listen({ port: Number(process.argv[2]), host: '0.0.0.0', backlog: 4096 }, () => {
  process.stdout.write('ready\n');
});

// A program of its own: answers HTTP on every loopback address. From SIGUSR2 on each address turns ill and
// well by turns, one after the other, so that transitions come evenly. Arguments: port, count of addresses,
// period in ms.
import { createServer } from 'node:net';

const [port, count, periodMs] = process.argv.slice(2).map(Number) as [number, number, number];
const well = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
const ill = Buffer.from('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
let flappingSinceMs = Number.POSITIVE_INFINITY;

/** Ill for the first half of each period of its own, which begins at its own time. */
function isWell(address: string): boolean {
  const elapsedMs = performance.now() - flappingSinceMs;
  const [, , high = 0, low = 0] = address.replace('::ffff:', '').split('.').map(Number);
  const shiftMs = (((high * 256 + low) % count) / count) * periodMs;
  return elapsedMs < shiftMs || (elapsedMs - shiftMs) % periodMs >= periodMs / 2;
}

const server = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.once('data', () => socket.end(isWell(socket.localAddress ?? '') ? well : ill));
});
server.listen({ port, host: '0.0.0.0', backlog: 4096 }, () => process.stdout.write('ready\n'));
process.on('SIGUSR2', () => {
  flappingSinceMs = performance.now();
});

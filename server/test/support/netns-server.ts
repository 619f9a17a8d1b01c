// A TCP server of its own process, for a namespace: answers each connection with the peer's address. Writes
// `<port>` lines, one per listening address given as arguments.
import { createServer } from 'node:net';

for (const address of process.argv.slice(2)) {
  const server = createServer((socket) => socket.end(`${socket.remoteAddress}`));
  server.listen(0, address, () => {
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('no port');
    process.stdout.write(`${bound.port}\n`);
  });
}
// The test is gone: so am I.
process.stdin.on('end', () => process.exit(0)).resume();

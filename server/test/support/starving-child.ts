// Run as a program under a low limit of file descriptors: probes with none left, then with some, and prints
// what the probes said as one line of JSON.
import { closeSync, openSync } from 'node:fs';
import { behaviours } from './behaviours.ts';
import { serve } from './misbehaving-server.ts';
import { prepare, runProbe, streamChecks, tcpCheck, testNetwork } from './probe-run.ts';

const network = testNetwork();
const server = await serve(behaviours.silent);
const probes = streamChecks(server.port).map((check) => prepare(check, server, network));

const held: number[] = [];
try {
  for (;;) held.push(openSync('/dev/null', 'r'));
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== 'EMFILE') throw error;
}
const starved = await Promise.all(probes.map((probe) => runProbe(probe)));
for (const fd of held) closeSync(fd);
const fed = await runProbe(prepare(tcpCheck(server.port), server, network));
await server.close();
network.close();
process.stdout.write(`${JSON.stringify({ starved, fed })}\n`);

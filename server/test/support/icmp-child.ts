// Probes one address from a process of its own, whose rights or limits the test has cut, and prints the
// result as JSON. Arguments: address, name of a namespace (may be empty), and `exhaust` to use up all
// descriptors first, or `exhaust-later` to do so once the engine runs and one family's sockets are open.
import { openSync } from 'node:fs';
import { createEchoHarness } from './icmp-harness.ts';

const [, , address = '', netns = '', how = ''] = process.argv;
const echoes = createEchoHarness(netns === '' ? undefined : netns);
if (how === 'exhaust-later') await echoes.run('127.0.0.1');
if (how !== '') exhaustDescriptors();
const result = await echoes.run(address, { deadlineMs: 2000 });
echoes.close();
process.stdout.write(JSON.stringify(result));

function exhaustDescriptors(): void {
  try {
    for (;;) openSync('/dev/null', 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EMFILE') throw error;
  }
}

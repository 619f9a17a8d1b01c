// A program of its own: VPP as the simulator plays it, on the two sockets that its arguments name.
import { startSimulator } from '../../src/dataplane/simulator/simulator.ts';
import { realClock } from '../../src/lib/clock.ts';
import { loadNative } from '../../src/native.ts';

const [apiPath = '', statsPath = ''] = process.argv.slice(2);
const simulator = await startSimulator({ native: loadNative(), clock: realClock, apiPath, statsPath });
process.stdout.write('ready\n');
process.on('SIGTERM', () => void simulator.stop().then(() => process.exit(0)));

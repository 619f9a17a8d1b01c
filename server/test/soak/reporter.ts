// Loaded into maglevd by the soak alone (`node --import`): at SIGUSR2 it writes what lives in the process, as
// one line of JSON, to the file that SOAK_REPORT names. It must not know the daemon.
import { renameSync, writeFileSync } from 'node:fs';

const path = process.env['SOAK_REPORT'] ?? '/dev/null';
/** Given by --expose-gc. */
const collect = (globalThis as { gc?: () => void }).gc;

process.on('SIGUSR2', () => {
  collect?.();
  const resources: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
  const { heapUsed, external } = process.memoryUsage();
  writeFileSync(`${path}.new`, JSON.stringify({ heapUsed, external, resources }));
  renameSync(`${path}.new`, path);
});

// `npm run faults -- [--only <part of a name>] [--write]`: faults by hand, with real processes on a loopback
// of their own. Prints what is promised and what was seen; --write makes docs/faults.md of it. Needs root.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { enterSandbox, runInSandbox } from '../../bench/support/sandbox.ts';
import { must } from '../../src/lib/assert.ts';
import { makeDirectory } from '../support/guarded-process.ts';
import { allFaults } from './all-faults.ts';
import type { Fault } from './fault.ts';
import { type FaultRow, renderFaults } from './report.ts';

const documentPath = fileURLToPath(new URL('../../../docs/faults.md', import.meta.url));

async function runFault(fault: Fault): Promise<FaultRow> {
  const startMs = performance.now();
  let row: Pick<FaultRow, 'seen' | 'isKept'>;
  try {
    row = { seen: await fault.run(), isKept: true };
  } catch (error) {
    row = { seen: (error as Error).message, isKept: false };
    process.stderr.write(`${(error as Error).stack}\n`);
  }
  const elapsedMs = performance.now() - startMs;
  const { name, done, promised } = fault;
  process.stdout.write(
    `${row.isKept ? 'kept  ' : 'BROKEN'} ${name} (${Math.round(elapsedMs / 1000)} s): ${row.seen}\n`,
  );
  return { name, done, promised, ...row };
}

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
    result: { type: 'string' },
  },
});

/** Each in namespaces of its own: what one leaves behind when it fails goes with them. */
async function runAll(): Promise<FaultRow[]> {
  const rows: FaultRow[] = [];
  const directory = makeDirectory('faults');
  const result = join(directory, 'row.json');
  for (const fault of allFaults.filter(({ name }) => name.includes(values.only))) {
    const code = await runInSandbox(fileURLToPath(import.meta.url), [
      '--only',
      fault.name,
      '--result',
      result,
    ]);
    const row = code === 0 ? (JSON.parse(readFileSync(result, 'utf8')) as FaultRow) : undefined;
    rows.push(row ?? { ...fault, seen: `the run ended with code ${code}`, isKept: false });
  }
  return rows;
}

if (values.write && values.only !== '') {
  process.stderr.write('faults: --write takes the whole page, without --only\n');
  process.exit(2);
}
if (enterSandbox() !== undefined) {
  const fault = must(
    allFaults.find(({ name }) => name === values.only),
    `fault ${values.only}`,
  );
  writeFileSync(must(values.result, 'where to write'), JSON.stringify(await runFault(fault)));
  process.exit(0);
}
const rows = await runAll();
if (values.write) writeFileSync(documentPath, renderFaults(rows));
process.exit(rows.every(({ isKept }) => isKept) ? 0 : 1);

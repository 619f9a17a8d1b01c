// Proof that the simulation finds what it is there for: each planted fault must be caught, and by the
// invariant that is about it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type PlantedFault, plantedFaults } from './planted-faults.ts';
import type { Finding, PlantedTask } from './planted-worker.ts';

const minutes = 15;

async function hunt({ edits, seeds }: Pick<PlantedFault, 'edits' | 'seeds'>): Promise<Finding> {
  const workerData: PlantedTask = { fault: { edits, seeds }, minutes };
  const worker = new Worker(new URL('./planted-worker.ts', import.meta.url), { workerData });
  const [finding] = (await once(worker, 'message')) as [Finding];
  await worker.terminate();
  return finding;
}

for (const fault of plantedFaults) {
  test(`planted: ${fault.name}`, async (t) => {
    const finding = await hunt(fault);
    assert.equal(finding.t, 'caught', JSON.stringify(finding));
    if (finding.t !== 'caught') return;
    t.diagnostic(`seed ${finding.seed}: ${finding.message.split('\n')[0]}`);
    assert.match(finding.message, fault.caught);
  });
}

test('each invariant of the house has a fault that it finds, and no other', () => {
  for (let number = 1; number <= 9; number++) {
    const isItsOwn = ({ source }: RegExp) =>
      source.startsWith(`invariant ${number}`) && !source.includes('|');
    assert.ok(
      plantedFaults.some(({ caught }) => isItsOwn(caught)),
      `invariant ${number} has no planted fault of its own`,
    );
  }
});

test('without a fault nothing is caught, and an edit that does not fit is told', async () => {
  assert.deepEqual(await hunt({ edits: [], seeds: 3 }), { t: 'missed' });
  const edits = [{ file: 'control.ts', before: 'nothing of the kind', after: '' }];
  assert.equal((await hunt({ edits, seeds: 1 })).t, 'unfit');
});

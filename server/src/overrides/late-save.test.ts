import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../test/support/fake-clock.ts';
import { overridesRetryMs } from '../lib/limits.ts';
import { createLateSave } from './late-save.ts';

function setUp() {
  const clock = createFakeClock();
  const said: string[] = [];
  const disk = { isFull: true, tries: 0 };
  const save = async () => {
    disk.tries += 1;
    return { ok: !disk.isFull };
  };
  const late = createLateSave({ clock, log: { info: (message) => void said.push(message) }, save });
  return { clock, said, disk, late };
}

test('what is not on disk is tried again until it is, and then no more', async () => {
  const { clock, said, disk, late } = setUp();
  late.plan();
  await clock.advance(overridesRetryMs * 3);
  assert.deepEqual([disk.tries, said], [3, []]);
  disk.isFull = false;
  await clock.advance(overridesRetryMs * 5);
  assert.deepEqual([disk.tries, said], [4, ['overrides-saved']]);
  assert.equal(clock.pendingTimerCount(), 0);
});

test('after stop nothing is tried, not even where a try was under way', async () => {
  const { clock, disk, late } = setUp();
  late.plan();
  late.plan();
  const advanced = clock.advance(overridesRetryMs);
  late.stop();
  await advanced;
  late.plan();
  await clock.advance(overridesRetryMs * 3);
  assert.ok(disk.tries <= 1, `${disk.tries} tries`);
  assert.equal(clock.pendingTimerCount(), 0);
});

// Every operation of a save fails in turn, alone and in pairs: what the store says is what a restart finds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Hook, hookFs, systemError } from '../../test/support/hooked-fs.ts';
import { numberedOverrides } from '../../test/support/numbered-overrides.ts';
import { createStateDirectory, type StateDirectory } from '../../test/support/overrides-directory.ts';
import { formatOverrides } from './file-format.ts';
import { noOverrides } from './overrides.ts';
import type { OverridesStore, SaveResult } from './store.ts';

const one = numberedOverrides(1);
const two = numberedOverrides(2);
const starts: [string, content: string | undefined][] = [
  ['over an old file', formatOverrides(one)],
  ['where there is no file', undefined],
];

interface Attempt {
  readonly directory: StateDirectory;
  readonly store: OverridesStore;
  readonly result: SaveResult;
  /** Operations that the save started, in order. */
  readonly operations: readonly string[];
}

/** Loads, then saves while the operations of these numbers (from 0) fail; afterwards nothing fails. */
async function saveWithFaults(
  content: string | undefined,
  faults: readonly number[],
  code: 'EIO' | 'EINVAL' = 'EIO',
): Promise<Attempt> {
  const directory = createStateDirectory();
  if (content !== undefined) directory.write(content);
  const operations: string[] = [];
  let active = false;
  let failing = false;
  const hook: Hook = (operation, phase) => {
    if (!active || phase === 'during') return;
    if (phase === 'before') {
      failing = faults.includes(operations.length);
      operations.push(operation);
    }
    // A failed close has closed all the same, so it fails after it is done; the others fail undone.
    const when = operation.startsWith('close') ? 'after' : 'before';
    if (failing && phase === when) throw systemError(code);
  };
  const store = directory.open(hookFs(hook));
  await store.load();
  active = true;
  const result = await store.save(two);
  active = false;
  return { directory, store, result, operations };
}

for (const [where, content] of starts) {
  const old = content === undefined ? noOverrides : one;

  test(`each operation of a save ${where} fails: the save fails and nothing changes`, async () => {
    const { operations: all, directory } = await saveWithFaults(content, []);
    directory.remove();
    assert.equal(all.length, 9);
    for (const [index, operation] of all.entries()) {
      const { directory, store, result } = await saveWithFaults(content, [index]);
      assert.ok(!result.ok, operation);
      const { code, message, fileHolds } = result.failure;
      assert.deepEqual([code, fileHolds], ['EIO', 'old'], operation);
      assert.ok(message.startsWith(`cannot write ${directory.file}: i/o error (EIO)`), message);
      const renamed = operation === 'sync directory' || operation === 'close directory';
      assert.equal(message.endsWith('the old content was put back'), renamed, `${operation}: ${message}`);
      assert.equal(directory.content(), content, operation);
      assert.deepEqual(directory.names(), content === undefined ? [] : ['overrides.json'], operation);
      assert.deepEqual(directory.log, []);
      assert.deepEqual(await directory.open().load(), old);
      assert.deepEqual(await store.save(two), { ok: true }, 'the next save works');
      assert.deepEqual(await directory.open().load(), two);
      directory.remove();
    }
  });

  test(`any two operations of a save ${where} fail: what is reported is what is there`, async () => {
    const held = new Set<string>();
    for (let first = 0; first < 9; first += 1) {
      // The first failure decides what follows it, so the end is found by going there.
      for (let second = first + 1; ; second += 1) {
        const { directory, store, result, operations } = await saveWithFaults(content, [first, second]);
        if (second >= operations.length) {
          directory.remove();
          break;
        }
        const story = `${operations[first]} and ${operations[second]} fail`;
        assert.ok(!result.ok, story);
        held.add(result.failure.fileHolds);
        assert.deepEqual(
          await directory.open().load(),
          result.failure.fileHolds === 'new' ? two : old,
          story,
        );
        assert.deepEqual(
          directory.names().filter((name) => name !== 'overrides.json'),
          [],
          story,
        );
        assert.deepEqual(await store.save(one), { ok: true }, story);
        assert.deepEqual(await directory.open().load(), one, story);
        directory.remove();
      }
    }
    assert.deepEqual(held, new Set(['old', 'new']), 'both ends were reached');
  });
}

test('what is put back is the last value saved, not the one that was loaded', async () => {
  const three = numberedOverrides(3);
  const directory = createStateDirectory();
  directory.write(formatOverrides(one));
  let failures = 0;
  const hook: Hook = (operation, phase) => {
    if (operation !== 'sync directory' || phase !== 'before' || failures === 0) return;
    failures -= 1;
    throw systemError('EIO');
  };
  const store = directory.open(hookFs(hook));
  await store.load();
  assert.deepEqual(await store.save(three), { ok: true });
  failures = 1;
  assert.ok(!(await store.save(two)).ok);
  assert.deepEqual(await directory.open().load(), three);
  directory.remove();
});

test('the message says so when the old content could not be put back', async () => {
  // 7: the directory is not flushed; 8 is its close, 9 begins the put-back.
  const { directory, result } = await saveWithFaults(formatOverrides(one), [7, 9]);
  const message =
    `cannot write ${directory.file}: i/o error (EIO); the old content could not be put back: ` +
    'i/o error (EIO); until a save succeeds, a restart would read the new content';
  assert.deepEqual(result, { ok: false, failure: { code: 'EIO', message, fileHolds: 'new' } });
  directory.remove();
});

test('a temporary file that cannot be removed is told of, and removed at the next load', async () => {
  const { directory } = await saveWithFaults(undefined, [3, 6]);
  assert.deepEqual(
    directory.log.map(({ level, message }) => [level, message]),
    [['warn', 'temporary-file-left']],
  );
  assert.match(String(directory.log[0]?.attributes['file']), /overrides\.json\.tmp-[0-9a-f]{16}$/);
  assert.equal(directory.names().length, 1);
  await directory.open().load();
  assert.deepEqual(directory.names(), []);
  directory.remove();
});

test('a file system that cannot flush directories is good enough', async () => {
  const { directory, result, operations } = await saveWithFaults(formatOverrides(one), [7], 'EINVAL');
  assert.equal(operations[7], 'sync directory');
  assert.deepEqual(result, { ok: true });
  assert.deepEqual(await directory.open().load(), two);
  directory.remove();
});

test('an error that is not of the operating system is a bug and is thrown on', async () => {
  const directory = createStateDirectory();
  let active = false;
  const hook: Hook = (operation) => {
    if (active && operation === 'rename') throw new TypeError('a bug');
  };
  const store = directory.open(hookFs(hook));
  await store.load();
  active = true;
  await assert.rejects(store.save(one), /a bug/);
  directory.remove();
});

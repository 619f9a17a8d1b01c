// Any bytes at all as overrides.json: the daemon starts, and the bytes are still there afterwards.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatOverrides, parseOverrides } from '../../src/overrides/file-format.ts';
import { noOverrides } from '../../src/overrides/overrides.ts';
import { numberedOverrides } from '../support/numbered-overrides.ts';
import { asideName, createStateDirectory } from '../support/overrides-directory.ts';
import { anyName, anyOverrides } from '../support/overrides-values.ts';

const anyFile = anyOverrides(anyName).map((overrides) => Buffer.from(formatOverrides(overrides)));

/** A valid file with a few bytes overwritten, and cut off. */
const damaged = fc
  .record({
    file: anyFile,
    patches: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
    cut: fc.option(fc.nat(), { nil: undefined }),
  })
  .map(({ file, patches, cut }) => {
    const bytes = Buffer.from(file);
    for (const [at, byte] of patches) bytes[at % bytes.length] = byte;
    return cut === undefined ? bytes : bytes.subarray(0, cut % bytes.length);
  });

/** JSON with the file's own words in other places. */
const words = ['version', 'backends', 'weights', 'backend', 'admin', 'paused', 'by', 'at', '__proto__'];
const anyWord = fc.constantFrom(...words);
const { tree } = fc.letrec((tie) => ({
  leaf: fc.oneof(fc.constantFrom<unknown>(null, true, 0, 1, 1e308, '', 'x'), anyWord),
  tree: fc.oneof(
    { depthSize: 'small' },
    tie('leaf'),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.array(fc.tuple(anyWord, tie('tree')), { maxLength: 4 }).map(Object.fromEntries),
  ),
}));
const misplaced = fc.oneof(
  tree,
  fc.record({ version: fc.constant(1), backends: tree, weights: tree }),
  fc.record({ version: fc.constant(1), backends: fc.array(tree), weights: fc.array(tree) }),
);

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.string().map((text) => Buffer.from(text)),
  misplaced.map((value) => Buffer.from(JSON.stringify(value))),
  anyFile,
  damaged,
);

test('property: whatever the file holds, loading resolves and the bytes are found again', async (t) => {
  let taken = 0;
  let moved = 0;
  const check = async (bytes: Buffer) => {
    const directory = createStateDirectory();
    try {
      directory.write(bytes);
      const store = directory.open();
      const overrides = await store.load();
      const parsed = parseOverrides(bytes);
      assert.deepEqual(overrides, parsed.ok ? parsed.value : noOverrides);
      if (parsed.ok) {
        taken += 1;
        assert.deepEqual(directory.log, []);
        assert.deepEqual(readFileSync(directory.file), bytes);
      } else {
        moved += 1;
        assert.deepEqual(
          directory.log.map(({ message }) => message),
          ['overrides-moved-aside'],
        );
        assert.deepEqual(directory.names(), [asideName]);
      }
      assert.deepEqual(await store.save(numberedOverrides(5)), { ok: true });
      assert.deepEqual(await directory.open().load(), numberedOverrides(5));
      if (!parsed.ok) assert.deepEqual(readFileSync(join(directory.path, asideName)), bytes);
    } finally {
      directory.remove();
    }
  };
  await fc.assert(fc.asyncProperty(anyBytes, check), { numRuns: 400 });
  t.diagnostic(`${taken} taken in, ${moved} moved aside`);
  assert.ok(taken > 20 && moved > 100, 'both kinds were drawn');
});

test('a file of millions of brackets is only moved aside', async () => {
  const directory = createStateDirectory();
  try {
    const half = 2 * 1024 * 1024;
    directory.write(`{"version":1,"backends":[${'['.repeat(half)}${']'.repeat(half)}],"weights":[]}`);
    assert.deepEqual(await directory.open().load(), noOverrides);
    assert.deepEqual(directory.names(), [asideName]);
  } finally {
    directory.remove();
  }
});

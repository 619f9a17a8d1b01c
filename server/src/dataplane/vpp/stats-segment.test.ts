import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtBase, SegmentBuilder } from '../../../test/support/stats-builder.ts';
import { statsHeaderLooksMax, statsReadAttemptsMax, statsVectorLengthMax } from '../../lib/limits.ts';
import { type StatsResult, StatsSegment } from './stats-segment.ts';

const sessions = 'packet from existing sessions';

function built(): SegmentBuilder {
  const builder = new SegmentBuilder();
  builder.entry(1, '/sys/boottime', 1_700_000_000n);
  builder.entry(5, 'left behind', 0n);
  builder.counter(sessions, [
    [1n, 2n, 3n],
    [10n, 20n, 30n],
  ]);
  builder.counter('/net/route/to', [[1n, 100n, 2n, 200n], []], 'combined');
  builder.symlink('/interfaces/a/rx', 3, 1);
  builder.symlink('to boottime', 0, 0);
  builder.entry(9, 'gauge', 7n);
  builder.entry(2, 'never used', 0n);
  builder.publish();
  return builder;
}

function value<T>(result: StatsResult<T>): T {
  if (!result.ok) assert.fail(result.reason);
  return result.value;
}

function refusal(result: StatsResult<unknown>): { absent: boolean; reason: string } {
  if (result.ok) assert.fail(`read ${String(result.value)}`);
  return { absent: result.absent, reason: result.reason };
}

function assertRefused(result: StatsResult<unknown>, reason: RegExp): void {
  assert.equal(refusal(result).absent, false);
  assert.match(refusal(result).reason, reason);
}

test('the directory lists what has a name, with its place', () => {
  const names = value(new StatsSegment(built().mapping()).readDirectory());
  assert.deepEqual(names.slice(0, 2), [
    { index: 0, type: 1, name: '/sys/boottime' },
    { index: 2, type: 2, name: sessions },
  ]);
  assert.ok(!names.some(({ name }) => name === 'left behind'));
});

test('scalars and gauges are integers; a counter is none', () => {
  const segment = new StatsSegment(built().mapping());
  assert.equal(value(segment.readScalar('/sys/boottime')), 1_700_000_000n);
  assert.equal(value(segment.readScalar('gauge')), 7n);
  assertRefused(segment.readScalar(sessions), /has type 2, it is no scalar/);
});

test('counters are summed over threads, all of them or those asked for', () => {
  const segment = new StatsSegment(built().mapping());
  assert.deepEqual(value(segment.readSimpleCounter(sessions)), [11n, 22n, 33n]);
  assert.deepEqual(value(segment.readSimpleCounter(sessions, [2, 0, 9, 2])), [33n, 11n, 0n, 33n]);
  assert.deepEqual(value(segment.readSimpleCounter(sessions, [])), []);
  assert.deepEqual(value(segment.readSimpleCounter('never used')), []);
  assert.deepEqual(value(segment.readCombinedCounter('/net/route/to')), [
    { packets: 1n, bytes: 100n },
    { packets: 2n, bytes: 200n },
  ]);
  assert.deepEqual(value(segment.readCombinedCounter('/net/route/to', [1])), [{ packets: 2n, bytes: 200n }]);
});

test('counts above 2^53 stay exact', () => {
  const builder = new SegmentBuilder();
  builder.counter('big', [[2n ** 63n + 1n], [2n ** 62n]]);
  builder.publish();
  assert.deepEqual(value(new StatsSegment(builder.mapping()).readSimpleCounter('big')), [
    2n ** 63n + 2n ** 62n + 1n,
  ]);
});

test('a symlink is one column of its target', () => {
  const segment = new StatsSegment(built().mapping());
  assert.deepEqual(value(segment.readCombinedCounter('/interfaces/a/rx')), [{ packets: 2n, bytes: 200n }]);
  const picked = value(segment.readCombinedCounter('/interfaces/a/rx', [1, 0]));
  assert.deepEqual(picked, [
    { packets: 0n, bytes: 0n },
    { packets: 2n, bytes: 200n },
  ]);
  assertRefused(segment.readSimpleCounter('/interfaces/a/rx'), /type 3, not 2/);
  assertRefused(segment.readSimpleCounter('to boottime'), /type 1, not 2/);
});

test('a symlink to itself, or beyond the directory, is refused', () => {
  const builder = new SegmentBuilder();
  builder.symlink('self', 0, 0);
  builder.symlink('beyond', 2, 0);
  builder.publish();
  const segment = new StatsSegment(builder.mapping());
  assertRefused(segment.readSimpleCounter('self'), /type 6/);
  assertRefused(segment.readSimpleCounter('beyond'), /entry 2 is not in the directory/);
});

test('a name that is not there is absent, not broken', () => {
  const segment = new StatsSegment(built().mapping());
  assert.deepEqual(refusal(segment.readSimpleCounter('first session packet')), {
    absent: true,
    reason: 'no entry "first session packet"',
  });
  assert.equal(refusal(segment.readScalar('left behind')).absent, true);
});

test('an empty segment has an empty directory', () => {
  const segment = new StatsSegment(new SegmentBuilder().mapping());
  assert.deepEqual(value(segment.readDirectory()), []);
});

test('few indexes of a long vector do not copy it; many copy it once', () => {
  const builder = new SegmentBuilder(2 ** 20);
  builder.counter('long', [Array.from({ length: 100_000 }, (_, index) => BigInt(index))]);
  builder.publish();
  const mapping = builder.mapping();
  const segment = new StatsSegment(mapping);
  assert.deepEqual(value(segment.readSimpleCounter('long', [5, 99_999])), [5n, 99_999n]);
  assert.ok(Math.max(...mapping.reads) < 1000);
  mapping.reads.length = 0;
  const many = Array.from({ length: 500 }, (_, index) => index * 7);
  assert.deepEqual(value(segment.readSimpleCounter('long', many)), many.map(BigInt));
  assert.equal(mapping.reads.filter((length) => length === 800_000).length, 1);
});

test('the directory is copied once per epoch and length', () => {
  const builder = built();
  const mapping = builder.mapping();
  const segment = new StatsSegment(mapping);
  const copies = () => mapping.reads.filter((length) => length > 144 && length % 144 === 0).length;
  for (let count = 0; count < 5; count += 1) value(segment.readSimpleCounter(sessions));
  assert.equal(copies(), 1);
  builder.setHeader({ epoch: 2n });
  value(segment.readSimpleCounter(sessions));
  assert.equal(copies(), 2);
  // Symlinks come without a new epoch.
  builder.symlink('new', 2, 2);
  builder.publish();
  assert.deepEqual(value(segment.readSimpleCounter('new')), [33n]);
  assert.equal(copies(), 3);
});

test('a name that moved without a new epoch is found again, or is absent', () => {
  const builder = built();
  const at = builder.publish();
  const segment = new StatsSegment(builder.mapping());
  assert.deepEqual(value(segment.readSimpleCounter(sessions)), [11n, 22n, 33n]);
  builder.bytes.write('renamed\0', at + 2 * 144 + 16, 'latin1');
  assert.equal(refusal(segment.readSimpleCounter(sessions)).absent, true);
  assert.deepEqual(value(segment.readSimpleCounter('renamed')), [11n, 22n, 33n]);
});

test('versions other than 2 are refused', () => {
  for (const version of [0n, 1n, 3n, 2n ** 64n - 1n]) {
    const builder = built();
    builder.setHeader({ version });
    assertRefused(new StatsSegment(builder.mapping()).readDirectory(), /layout version \d+, not 2/);
  }
});

test('a change that does not end is given up after a bounded number of looks', () => {
  const builder = built();
  builder.setHeader({ inProgress: 1n });
  let looks = 0;
  const segment = new StatsSegment(
    builder.mapping(() => {
      looks += 1;
    }),
  );
  assertRefused(segment.readDirectory(), /does not end/);
  assert.equal(looks, statsHeaderLooksMax);
});

test('a change that ends is waited for', () => {
  const builder = built();
  builder.setHeader({ inProgress: 1n });
  const mapping = builder.mapping((look) => {
    if (look === 5) builder.setHeader({ inProgress: 0n });
  });
  assert.equal(value(new StatsSegment(mapping).readScalar('gauge')), 7n);
});

test('an epoch that moves in each attempt is given up; one that settles is not', () => {
  const builder = built();
  let epoch = 1n;
  const always = builder.mapping(() => {
    epoch += 1n;
    builder.setHeader({ epoch });
  });
  assertRefused(new StatsSegment(always).readDirectory(), /changed in each of/);
  const settling = builder.mapping((look) => {
    if (look < 2 * (statsReadAttemptsMax - 1)) builder.setHeader({ epoch: BigInt(100 + look) });
  });
  assert.equal(value(new StatsSegment(settling).readScalar('gauge')), 7n);
});

test('what was read while a change began is thrown away, also when it looked broken', () => {
  const builder = built();
  const good = builder.bytes.readBigUInt64LE(32);
  builder.setHeader({ directory: 5n });
  const mapping = builder.mapping((look) => {
    if (look === 1) builder.setHeader({ inProgress: 1n });
    if (look === 2) builder.setHeader({ inProgress: 0n, epoch: 2n, directory: good });
  });
  assert.equal(value(new StatsSegment(mapping).readScalar('gauge')), 7n);
});

test('pointers outside of the segment are refused, wherever they stand', () => {
  const size = 64 * 1024;
  const bad = [1n, builtBase - 1n, builtBase, builtBase + 7n, builtBase + BigInt(size) + 1n, 2n ** 64n - 1n];
  for (const pointer of bad) {
    const atDirectory = built();
    atDirectory.setHeader({ directory: pointer });
    assertRefused(new StatsSegment(atDirectory.mapping()).readDirectory(), /the directory lies outside/);
    const builder = new SegmentBuilder(size);
    builder.entry(2, 'data', pointer);
    builder.entry(2, 'thread', builder.words([pointer]));
    builder.publish();
    const segment = new StatsSegment(builder.mapping());
    assertRefused(segment.readSimpleCounter('data'), /"data" lies outside/);
    assertRefused(segment.readSimpleCounter('thread', [0]), /"thread" of thread 0 lies outside/);
  }
});

test('lengths that do not fit are refused, to the byte', () => {
  const builder = new SegmentBuilder(8192);
  const pointer = builtBase + 8192n - 16n;
  builder.entry(2, 'edge', builder.words([pointer]));
  builder.publish();
  const segment = new StatsSegment(builder.mapping());
  builder.bytes.writeUInt32LE(2, 8192 - 24);
  assert.deepEqual(value(segment.readSimpleCounter('edge')), [0n, 0n]);
  for (const length of [3, statsVectorLengthMax + 1, 2 ** 32 - 1]) {
    builder.bytes.writeUInt32LE(length, 8192 - 24);
    assertRefused(segment.readSimpleCounter('edge'), /has a length of/);
  }
});

test('more threads than a machine has are refused', () => {
  const builder = new SegmentBuilder();
  const row = builder.words([1n]);
  builder.entry(2, 'threads', builder.words(new Array<bigint>(1025).fill(row)));
  builder.entry(2, 'enough', builder.words(new Array<bigint>(1024).fill(row)));
  builder.publish();
  const segment = new StatsSegment(builder.mapping());
  assertRefused(segment.readSimpleCounter('threads'), /has 1025 threads/);
  assert.deepEqual(value(segment.readSimpleCounter('enough')), [1024n]);
});

// Fuzzes the reader of stats segments: segments that are nearly right, damaged at random, and changed under
// the reader. It must never throw, never read outside, and be right where nothing was damaged.
//   node test/fuzz/vpp-stats.ts [--seconds 60] [--seed N]
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { type StatsResult, StatsSegment } from '../../src/dataplane/vpp/stats-segment.ts';
import { realClock } from '../../src/lib/clock.ts';
import { createPrng, type Prng, randomSeed } from '../../src/lib/prng.ts';
import { builtBase, SegmentBuilder } from '../support/stats-builder.ts';

export interface FuzzReport {
  readonly executions: number;
  /** Reads that gave a value, and those that were refused: both must be many to prove something. */
  readonly values: number;
  readonly refusals: number;
}

const size = 16 * 1024;

/** Runs until `isOver` says so. Throws at the first finding, with the seed and the execution. */
export function fuzzStats(seed: number, isOver: (executions: number) => boolean): FuzzReport {
  const prng = createPrng(seed);
  const counts = { executions: 0, values: 0, refusals: 0 };
  while (!isOver(counts.executions)) {
    counts.executions += 1;
    try {
      for (const result of runOne(prng)) counts[result.ok ? 'values' : 'refusals'] += 1;
    } catch (error) {
      throw new Error(`seed ${seed}, execution ${counts.executions}: ${String(error)}`, { cause: error });
    }
  }
  return counts;
}

interface Drawn {
  readonly builder: SegmentBuilder;
  /** What each counter must give, by name: simple ones first. */
  readonly simple: ReadonlyMap<string, bigint[]>;
  readonly combined: ReadonlyMap<string, bigint[]>;
}

function runOne(prng: Prng): StatsResult<unknown>[] {
  const drawn = drawSegment(prng);
  const isDamaged = prng.next() < 0.8;
  if (isDamaged) damage(prng, drawn.builder);
  const restless = prng.next() < 0.3;
  const onHeader = (look: number) => {
    if (restless && look < 30 && prng.next() < 0.3) stir(prng, drawn.builder, isDamaged);
  };
  const segment = new StatsSegment(drawn.builder.mapping(onHeader));
  const results: StatsResult<unknown>[] = [];
  for (let count = 1 + prng.below(4); count > 0; count -= 1) {
    for (const result of readAll(prng, segment, drawn)) {
      if (!isDamaged && !restless) assert.ok(result.ok, 'an undamaged segment is read');
      if (!result.ok) assert.ok(result.reason.length > 0 && result.reason.length < 300, result.reason);
      results.push(result);
    }
    if (prng.next() < 0.2 && isDamaged) damage(prng, drawn.builder);
    if (isDamaged) continue;
    checkValues(segment, drawn);
  }
  return results;
}

function drawSegment(prng: Prng): Drawn {
  const builder = new SegmentBuilder(size);
  const [simple, combined] = [new Map<string, bigint[]>(), new Map<string, bigint[]>()];
  builder.entry(1, '/sys/boottime', drawWord(prng));
  for (let count = prng.below(4); count > 0; count -= 1) {
    const [threads, length] = [prng.below(4), prng.below(6)];
    const isSimple = prng.next() < 0.5;
    const width = isSimple ? 1 : 2;
    const rows = Array.from({ length: threads }, () =>
      Array.from({ length: length * width }, () => drawWord(prng)),
    );
    const name = `counter ${count}`;
    const index = builder.counter(name, rows, isSimple ? 'simple' : 'combined');
    const sums = Array.from({ length: threads === 0 ? 0 : length * width }, (_, at) =>
      BigInt.asUintN(
        64,
        rows.reduce((sum, row) => sum + (row[at] ?? 0n), 0n),
      ),
    );
    (isSimple ? simple : combined).set(name, sums);
    if (length > 0 && threads > 0 && isSimple) {
      const column = prng.below(length);
      builder.symlink(`link ${count}`, index, column);
      simple.set(`link ${count}`, [sums[column] as bigint]);
    }
    if (prng.next() < 0.3) builder.entry(prng.below(12), `odd ${count}`, drawWord(prng));
  }
  builder.publish();
  return { builder, simple, combined };
}

function drawWord(prng: Prng): bigint {
  const high = prng.next() < 0.5 ? 0n : BigInt(prng.below(2 ** 32));
  return (high << 32n) | BigInt(prng.below(2 ** 32));
}

/** Values that meet the reader's edges: pointers near the segment's ends, lengths near its size. */
function drawEvil(prng: Prng): bigint {
  const near = BigInt(prng.below(40)) - 20n;
  const centres = [0n, builtBase, builtBase + BigInt(size), builtBase + 4096n, 2n ** 32n, 2n ** 63n, 10n];
  const centre = centres[prng.below(centres.length)] as bigint;
  const value = prng.next() < 0.2 ? builtBase + BigInt(prng.below(size)) : centre + near;
  return BigInt.asUintN(64, value);
}

function damage(prng: Prng, { bytes }: SegmentBuilder): void {
  // Where something stands: beyond lie zeroes.
  const used = bytes.findLastIndex((byte) => byte !== 0) + 8;
  for (let count = 1 + prng.below(4); count > 0; count -= 1) {
    const inHeader = prng.next() < 0.1;
    const at = inHeader ? prng.below(5) * 8 : 4096 + (prng.below(Math.max(8, used - 4096)) & ~7);
    if (at + 8 > bytes.length) continue;
    const kind = prng.below(4);
    if (kind === 0) bytes.writeBigUInt64LE(drawEvil(prng), at);
    else if (kind === 1) bytes.writeUInt32LE(prng.below(2 ** 32), at);
    else if (kind === 2) bytes.writeUInt32LE(prng.below(40), at);
    else bytes.writeUInt8(prng.below(256), at + prng.below(8));
  }
}

/** What VPP does between two looks at the header. */
function stir(prng: Prng, builder: SegmentBuilder, isDamaged: boolean): void {
  const inProgress = builder.bytes.readBigUInt64LE(24);
  if (inProgress === 0n) builder.setHeader({ inProgress: 1n });
  else builder.setHeader({ inProgress: 0n, epoch: BigInt(prng.below(3)) });
  if (prng.next() < 0.2) builder.publish();
  if (isDamaged && prng.next() < 0.2) damage(prng, builder);
}

function readAll(prng: Prng, segment: StatsSegment, drawn: Drawn): StatsResult<unknown>[] {
  const indexes = prng.next() < 0.5 ? undefined : [prng.below(8), 0, prng.below(2 ** 32)];
  return [
    segment.readDirectory(),
    segment.readScalar('/sys/boottime'),
    ...Array.from(drawn.simple.keys(), (name) => segment.readSimpleCounter(name, indexes)),
    ...Array.from(drawn.combined.keys(), (name) => segment.readCombinedCounter(name, indexes)),
  ];
}

/** Nothing was damaged: what is read must be what was put in. */
function checkValues(segment: StatsSegment, drawn: Drawn): void {
  for (const [name, sums] of drawn.simple) {
    const result = segment.readSimpleCounter(name);
    if (result.ok) assert.deepEqual(result.value, sums, name);
    const picked = segment.readSimpleCounter(name, [1, 0, 1]);
    if (picked.ok) assert.deepEqual(picked.value, [sums[1] ?? 0n, sums[0] ?? 0n, sums[1] ?? 0n], name);
  }
  for (const [name, sums] of drawn.combined) {
    const result = segment.readCombinedCounter(name);
    if (!result.ok) continue;
    assert.deepEqual(
      result.value.flatMap(({ packets, bytes }) => [packets, bytes]),
      sums,
      name,
    );
  }
}

function main(): void {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } },
  });
  const seed = values.seed === undefined ? randomSeed() : Number(values.seed);
  const endMs = realClock.nowMs() + Number(values.seconds) * 1000;
  process.stdout.write(`vpp-stats: seed ${seed}, ${values.seconds} s\n`);
  const isOver = (executions: number) => executions % 64 === 0 && realClock.nowMs() >= endMs;
  const report = fuzzStats(seed, isOver);
  const { executions } = report;
  process.stdout.write(
    `vpp-stats: ${executions} executions, ${report.values} values, ${report.refusals} refusals, no finding\n`,
  );
}

if (import.meta.main) main();

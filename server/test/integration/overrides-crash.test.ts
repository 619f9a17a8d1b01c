// A daemon that dies at any moment leaves the old or the new overrides, whole: `kill -9` at every point.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { createPrng, randomSeed } from '../../src/lib/prng.ts';
import { formatOverrides } from '../../src/overrides/file-format.ts';
import type { Overrides } from '../../src/overrides/overrides.ts';
import { createOverridesStore } from '../../src/overrides/store.ts';
import type { CrashReport, Scenario } from '../support/crashing-child.ts';
import { numberedOverrides, numberOf } from '../support/numbered-overrides.ts';

const childFile = join(import.meta.dirname, '../support/crashing-child.ts');
const base = mkdtempSync(join(tmpdir(), 'maglev-overrides-crash-'));
after(() => rmSync(base, { recursive: true, force: true }));

const file = join(base, 'overrides.json');

/** Starts from a directory with just this content (null: no file). */
function prepare(content: string | null): void {
  for (const name of readdirSync(base)) rmSync(join(base, name), { recursive: true });
  if (content !== null) writeFileSync(file, content);
}

function runChild(scenario: Scenario, point: number) {
  const args = [childFile, base, scenario, String(point)];
  const { signal, status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const lines = stdout.split('\n').filter((line) => line !== '');
  return { signal, status, stderr, lines: lines.map((line): unknown => JSON.parse(line)) };
}

/** How many points a scenario has, by living through it. */
function countPoints(scenario: Scenario): number {
  const { status, stderr, lines } = runChild(scenario, -1);
  assert.equal(status, 0, stderr);
  return (lines.at(-1) as CrashReport).points;
}

/** What a daemon that starts now reads; it must have nothing to complain of. */
async function loadAfterwards(): Promise<Overrides> {
  const complain = (message: string, attributes?: object) => {
    assert.fail(`${message} ${JSON.stringify(attributes)}`);
  };
  const log = { error: complain, warn: complain };
  return await createOverridesStore({ stateDir: base, log, wallMs: Date.now }).load();
}

async function numberAfterwards(): Promise<number> {
  const overrides = await loadAfterwards();
  return overrides.backends.size === 0 ? 0 : numberOf(overrides);
}

const starts: [string, old: number, content: string | null][] = [
  ['over an old file', 1, formatOverrides(numberedOverrides(1))],
  ['where there is no file', 0, null],
];
for (const [where, old, content] of starts) {
  test(`killed at every point of a save ${where}: the old or the new value`, async (t) => {
    prepare(content);
    const points = countPoints('save');
    assert.equal(await numberAfterwards(), 2);
    const seen: number[] = [];
    let leftOvers = 0;
    for (let point = 0; point < points; point += 1) {
      prepare(content);
      const { signal, stderr } = runChild('save', point);
      assert.equal(signal, 'SIGKILL', stderr);
      leftOvers += readdirSync(base).some((name) => name.includes('.tmp-')) ? 1 : 0;
      seen.push(await numberAfterwards());
      const stray = readdirSync(base).filter((name) => name !== 'overrides.json');
      assert.deepEqual(stray, [], `point ${point}`);
    }
    // The old value up to one moment, and from then on the new one.
    const turn = seen.indexOf(2);
    assert.ok(turn > 0, String(seen));
    assert.deepEqual(seen, [...Array(turn).fill(old), ...Array(points - turn).fill(2)]);
    assert.ok(leftOvers > 3, 'some deaths left a temporary file, or the test did not get there');
    t.diagnostic(`${points} points, the turn at ${turn}, ${leftOvers} left a temporary file`);
  });

  test(`killed at every point of a put-back ${where}: the old or the new value`, async (t) => {
    prepare(content);
    const points = countPoints('put-back');
    assert.equal(await numberAfterwards(), old);
    const seen: number[] = [];
    for (let point = 0; point < points; point += 1) {
      prepare(content);
      const { signal, stderr } = runChild('put-back', point);
      assert.equal(signal, 'SIGKILL', stderr);
      seen.push(await numberAfterwards());
      assert.deepEqual(
        readdirSync(base).filter((name) => name !== 'overrides.json'),
        [],
      );
    }
    assert.deepEqual(new Set(seen), new Set([old, 2]));
    t.diagnostic(`${points} points: ${seen.join('')}`);
  });
}

test('killed at every point of a load that moves the file aside: the bytes are not lost', async (t) => {
  const content = `${formatOverrides(numberedOverrides(1))}{`;
  const start = () => {
    prepare(content);
    writeFileSync(join(base, 'overrides.json.tmp-0123456789abcdef'), 'half');
  };
  start();
  const points = countPoints('load');
  for (let point = 0; point < points; point += 1) {
    start();
    const { signal, stderr } = runChild('load', point);
    assert.equal(signal, 'SIGKILL', stderr);
    const names = readdirSync(base).filter((name) => !name.includes('.tmp-'));
    assert.equal(names.length, 1, `point ${point}`);
    assert.equal(readFileSync(join(base, String(names[0])), 'utf8'), content);
  }
  t.diagnostic(`${points} points`);
});

test('killed at random moments while it saves in a loop: nothing that was answered is lost', async (t) => {
  prepare(null);
  const seed = randomSeed();
  t.diagnostic(`seed ${seed}`);
  const prng = createPrng(seed);
  let answered = 0;
  for (let round = 0; round < 50; round += 1) {
    const child = spawn(process.execPath, [childFile, base, 'loop', '-1'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: child.stdout })) {
      const report = JSON.parse(line) as { ready?: number; saved?: number; log?: string };
      assert.equal(report.log, undefined, line);
      if (report.ready !== undefined) {
        assert.ok(report.ready === answered || report.ready === answered + 1, `${line} after ${answered}`);
        setTimeout(() => child.kill('SIGKILL'), prng.below(30));
      }
      answered = report.saved ?? answered;
    }
    const number = await numberAfterwards();
    assert.ok(number === answered || number === answered + 1, `round ${round}: ${number} after ${answered}`);
    answered = number;
    assert.ok(readdirSync(base).every((name) => name === 'overrides.json'));
  }
  assert.ok(answered > 10, `${answered} saves: the child came to nothing`);
  t.diagnostic(`${answered} saves`);
});

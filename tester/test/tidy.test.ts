// The style of the house for maglevt: pure files reach for nothing outside, time and environment have one
// home, lines stay within the page.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const folder = join(import.meta.dirname, '..', 'src');
const sources = readdirSync(folder)
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));

/** What touches the world. */
const shell = new Set([
  ...[
    'clock.ts',
    'config-files.ts',
    'daemon-states.ts',
    'frame-writer.ts',
    'json-face.ts',
    'line.ts',
    'main.ts',
  ],
  ...['prober-thread.ts', 'prober.ts', 'questions.ts', 'screen-face.ts', 'session.ts', 'terminal-guard.ts'],
  ...['terminal.ts', 'version.ts'],
]);

test('pure files import neither Node nor the shell, and say that they are pure', () => {
  for (const { name, text } of sources.filter((source) => !shell.has(source.name))) {
    const imported = Array.from(
      text.matchAll(/^(?:import|\} from) (?!type)[^;]*?'([^']+)';$/gm),
      ([, from]) => from ?? '',
    );
    for (const from of imported) {
      assert.ok(!from.startsWith('node:'), `${name} imports ${from}`);
      assert.ok(!shell.has(from.replace('./', '')), `${name} imports ${from}`);
    }
  }
  for (const name of shell)
    assert.ok(
      sources.some((source) => source.name === name),
      `${name} is gone`,
    );
});

const homes: readonly (readonly [pattern: RegExp, home: string])[] = [
  [
    /\bDate\.now\b|\bnew Date\(\)|\bperformance\.|\bMath\.random\b|\bset(Timeout|Interval|Immediate)\(/,
    'clock.ts',
  ],
  [/\bprocess\.(env|argv)\b|\b\{ env \} = process\b/, 'main.ts'],
];

test('time, chance and environment have one home each', () => {
  for (const { name, text } of sources) {
    const code = text.replaceAll(/\/\/.*$|\/\*[\s\S]*?\*\//gm, '');
    for (const [pattern, home] of homes) {
      assert.ok(
        name === home || !pattern.test(code),
        `${name}: ${pattern.exec(code)?.[0]} belongs to ${home}`,
      );
    }
  }
});

test('every file says first what it is for, and every line fits', () => {
  for (const { name, text } of sources) {
    assert.match(text, /^\/\/ \S/, name);
    for (const [index, line] of text.split('\n').entries()) {
      assert.ok(line.length <= 110, `${name}:${index + 1} has ${line.length} characters`);
    }
  }
});

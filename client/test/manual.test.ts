// The manual page and the user guide say what the grammar and the flags say.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { requireProgram } from '../../server/test/support/guarded-process.ts';
import { commandRows, flagRows, manualPath, manualText } from '../scripts/manual.ts';
import { helpText } from '../src/cli.ts';
import { commands, grammar } from '../src/commands/all.ts';
import { exitCodes } from '../src/context.ts';
import { flagTable } from '../src/flags.ts';
import { pathOf } from '../src/shell/grammar.ts';

const guide = readFileSync(join(import.meta.dirname, '../../docs/user-guide.md'), 'utf8');

test('maglevc.1 is what the grammar makes: node client/scripts/manual.ts', () => {
  assert.equal(readFileSync(manualPath, 'utf8'), manualText());
});

test('groff reads the page without a complaint and shows every command', () => {
  const groff = requireProgram('groff', 'groff');
  const options = { encoding: 'utf8' } as const;
  const text = execFileSync(groff, ['-man', '-Tascii', '-ww', '-rLL=300n', '-P-cbou', manualPath], options);
  for (const { line } of commands) {
    const shown = line.replaceAll(/[<>]/g, '');
    assert.ok(text.replaceAll(/\s+/g, ' ').includes(shown), shown);
  }
});

test('the user guide lists every command, flag and exit code', () => {
  for (const row of [...commandRows(), ...flagRows()]) assert.ok(guide.includes(`\n${row}\n`), row);
  for (const code of Object.values(exitCodes)) assert.match(guide, new RegExp(`^\\| ${code} \\|`, 'm'));
});

test('one-shot help lists all, or explains one', () => {
  const all = helpText([]);
  for (const { line } of commands) assert.ok(all.includes(`  ${line}\n`), line);
  for (const { name } of flagTable) assert.ok(all.includes(`--${name}`), name);
  for (const { declared, parts } of grammar.rules) {
    const help = helpText(pathOf(parts));
    // clipanion breaks lines at 80 columns.
    assert.ok(help.replaceAll(/\s+/g, ' ').includes(declared.line), declared.line);
    assert.ok(help.includes(`$ maglevc ${pathOf(parts).join(' ')}`), help);
  }
});

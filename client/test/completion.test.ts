// The scripts of `maglevc completion`, in the shells that are here.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { completion } from '../src/commands/completion.ts';

const scriptOf = (shell: string) => completion.run({ values: {}, given: new Set([shell]) });

test('bash completes from what maglevc answers', async () => {
  const script = await scriptOf('bash');
  // A maglevc that answers as the real one does, with the words it was asked for.
  const stand = `maglevc() { printf '%s\\n' "$@" > "$ASKED"; printf 'show\\tshow state\\nset\\tchange\\n'; }`;
  const use = `COMP_WORDS=(maglevc sh s); COMP_CWORD=2; _maglevc
printf '%s,' "\${COMPREPLY[@]}"; cat "$ASKED"; rm "$ASKED"`;
  const text = execFileSync('bash', ['-c', `ASKED=$(mktemp)\n${stand}\n${script}\n${use}`], {
    encoding: 'utf8',
  });
  assert.equal(text, 'show,set,--complete-words\nsh\ns\n');
});

test('zsh and fish read their scripts', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'maglevc-completion-'));
  t.after(() => rmSync(directory, { recursive: true }));
  for (const shell of ['zsh', 'fish'] as const) {
    const text = await scriptOf(shell);
    assert.match(text, /--complete-words/);
    if (!existsSync(`/usr/bin/${shell}`)) {
      t.diagnostic(`${shell} is not installed: its script was not read (apt-get install ${shell})`);
      continue;
    }
    const path = join(directory, shell);
    writeFileSync(path, text);
    execFileSync(shell, ['-n', path], { stdio: 'inherit' });
  }
});

// The scripts of `maglevc completion`, in the shells that are here.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
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
  for (const [shell, flag] of [
    ['zsh', '-n'],
    ['fish', '--no-execute'],
  ] as const) {
    if (!existsSync(`/usr/bin/${shell}`)) {
      t.diagnostic(`${shell} is not installed: its script was not read`);
      continue;
    }
    execFileSync(shell, [flag], { input: await scriptOf(shell), stdio: ['pipe', 'inherit', 'inherit'] });
  }
  assert.match(await scriptOf('fish'), /--complete-words/);
  assert.match(await scriptOf('zsh'), /--complete-words/);
});

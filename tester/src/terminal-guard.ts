// The terminal's last safety: a small sh that puts it back when this process ends without doing so itself, by
// SIGKILL or a fault of the runtime. Shell.
import { spawn, spawnSync } from 'node:child_process';

/** What survives this process, killed or crashed: it waits for the pipe to end. */
const guardScript = `trap '' INT TERM HUP QUIT TSTP TTOU TTIN
word=
read -r word
if [ "$word" != bye ]; then
  stty "$1" </dev/tty
  printf '\\033[0m\\033[?7h\\033[?25h\\033[?1049l' >/dev/tty
fi`;

/** undefined: there is no stty here, nor a way to say how the terminal is. */
function terminalSettings(): string | undefined {
  const { status, stdout } = spawnSync('stty', ['-g'], {
    stdio: ['inherit', 'pipe', 'ignore'],
    encoding: 'utf8',
  });
  return status === 0 ? stdout.trim() : undefined;
}

/** Gives its end: called when the terminal has been put back by ourselves. */
export function startGuard(): () => void {
  const settings = terminalSettings();
  if (settings === undefined) return () => undefined;
  const guard = spawn('/bin/sh', ['-c', guardScript, 'maglevt-guard', settings], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without it there is one safety less; everything else works.
  guard.on('error', () => undefined);
  guard.stdin.on('error', () => undefined);
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref();
  return () => void guard.stdin.end('bye\n');
}

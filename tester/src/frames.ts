// From one screenful of lines to the next with few bytes. Pure; escape sequences of xterm and its kin.

/** Other screen, no cursor, no wrap at the edge, an empty page. */
export const enterScreen = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J';
/** Back to what was: also right when the screen was never entered, or twice. */
export const leaveScreen = '\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l';

/** `before` undefined: nothing of what stands there is known. */
export function frameBytes(before: readonly string[] | undefined, lines: readonly string[]): string {
  let bytes = before === undefined ? '\x1b[0m\x1b[2J' : '';
  for (const [index, line] of lines.entries()) {
    const known = before === undefined ? '' : before[index];
    // Erased before, not after: after a line of full width the cursor stands on its last column.
    if (known !== line) bytes += `\x1b[${index + 1};1H\x1b[K${line}\x1b[0m`;
  }
  return bytes;
}

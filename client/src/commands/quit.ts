// quit, exit: leave the shell.
import type { QuitCommand } from './command.ts';

export const quit: QuitCommand = { kind: 'quit', line: 'quit', help: 'leave the shell' };
export const exit: QuitCommand = { kind: 'quit', line: 'exit', help: 'leave the shell' };

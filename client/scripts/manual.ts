// The manual page maglevc(1) from the grammar and the flags. Run as a program it writes client/maglevc.1; a
// test fails where that file is not what this makes.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commands, grammar } from '../src/commands/all.ts';
import type { Command } from '../src/commands/command.ts';
import { flagTable, flagText } from '../src/flags.ts';
import { filterGrammar } from '../src/shell/filters.ts';

export const manualPath: string = join(import.meta.dirname, '..', 'maglevc.1');

/** Text for roff: no line begins a request, no letter is one. */
const plain = (text: string) =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1');
/** Words bold, slots and brackets as they are. */
function lineText(line: string): string {
  return plain(line)
    .replaceAll(/[a-z]+(?![a-z]*>)/g, '\\fB$&\\fR')
    .replaceAll(/<([a-z]+)>/g, '\\fI$1\\fR');
}

function commandText({ line, help, wordHelp = {} }: Pick<Command, 'line' | 'help' | 'wordHelp'>): string {
  const words = Object.entries(wordHelp).map(
    ([word, text]) => `.RS\n.TP\n${lineText(word)}\n${plain(text)}\n.RE`,
  );
  return [`.TP\n${lineText(line)}\n${plain(help)}`, ...words].join('\n');
}

const codes = [
  ['0', 'done'],
  ['1', 'refused by the daemon; a configuration with errors; a name that it does not know'],
  ['2', 'not understood: a word, a flag, a regular expression'],
  ['3', 'the daemon was not reached, or did not answer in time'],
  ['130', 'interrupted by Ctrl\\-C'],
] as const;

const environment = [
  ['MAGLEV_SERVER', 'as \\-\\-server'],
  ['MAGLEV_USER', 'as \\-\\-user'],
  ['MAGLEV_PASSWORD', 'the password of that user'],
  ['NO_COLOR', 'if not empty: no colour'],
  ['LC_ALL, LC_CTYPE, LANG', 'without UTF\\-8 in them shapes of states are ASCII'],
  ['XDG_STATE_HOME', 'the history is in maglevc/history below it; default ~/.local/state'],
] as const;

const rows = (pairs: readonly (readonly [string, string])[]) =>
  pairs.map(([name, text]) => `.TP\n.B ${name}\n${text}`).join('\n');

export function manualText(): string {
  const flags = flagTable.map((row) => `.TP\n.B ${plain(flagText(row))}\n${plain(row.help)}`);
  return `.\\" Made by client/scripts/manual.ts from the grammar: do not edit.
.TH MAGLEVC 1 "" "vpp\\-maglev" "User Commands"
.SH NAME
maglevc \\- command line of maglevd, the health checker of VPP's load balancer
.SH SYNOPSIS
.B maglevc
[\\fIflags\\fR] [\\fIcommand\\fR]
.SH DESCRIPTION
Asks a running
.BR maglevd (8)
over gRPC, and changes what it is told to change. Without a command it is a shell: TAB completes words and
names,
.B ?
lists what can follow, Ctrl\\-C clears the line or stops what runs, Ctrl\\-D leaves. From a pipe it runs line
by line.
.PP
Every word can be cut to a unique prefix; an exact word wins. Names of backends, frontends, pools and health
checks can be cut, too.
.SH COMMANDS
${commands.map(commandText).join('\n')}
.SH FILTERS
Behind a bar, any number, from left to right; heads of tables stay and are not counted.
${filterGrammar.rules.map(({ declared }) => commandText(declared)).join('\n')}
.SH OPTIONS
${flags.join('\n')}
.SH EXIT STATUS
${rows(codes)}
.SH ENVIRONMENT
${rows(environment)}
.SH SEE ALSO
.BR maglevd (8),
.BR maglevt (1)
`;
}

/** Lines of commands for the user guide's table. */
export function commandRows(): readonly string[] {
  return grammar.rules.map(
    ({ declared }) => `| \`${declared.line.replaceAll('|', '\\|')}\` | ${declared.help} |`,
  );
}
export function flagRows(): readonly string[] {
  return flagTable.map((row) => {
    const environment = row.environment === undefined ? '' : `\`${row.environment}\``;
    return `| \`${flagText(row).replaceAll('|', '\\|')}\` | ${environment} | ${row.help} |`;
  });
}

if (import.meta.main) {
  writeFileSync(manualPath, manualText());
  process.stdout.write(`${[...commandRows(), '', ...flagRows()].join('\n')}\n`);
}

// clipanion: finds the class of a command by its path, runs it, and prints one-shot help. Classes are made
// from the grammar's rules; it must not know any command by name.
import { Readable } from 'node:stream';
import { type BaseContext, Cli, Command as ClipanionCommand, type CommandClass, Option } from 'clipanion';
import { grammar } from './commands/all.ts';
import type { Command } from './commands/command.ts';
import { flagTable, flagText } from './flags.ts';
import type { Expanded } from './shell/expand.ts';
import { pathOf, type Rule } from './shell/grammar.ts';

/** What a class hands its command to. */
interface DispatchContext extends BaseContext {
  readonly dispatch: (command: Command) => Promise<number>;
}

const binary = {
  binaryName: 'maglevc',
  binaryLabel: 'maglevc: the command line of maglevd',
  enableColors: false,
};

function classOf(rule: Rule<Command>): CommandClass<DispatchContext> {
  const { declared, parts } = rule;
  const path = pathOf(parts);
  return class extends ClipanionCommand<DispatchContext> {
    static override paths = [[...path]];
    static override usage = ClipanionCommand.Usage({
      category: helpOf(path[0] ?? ''),
      description: declared.help,
      details: detailsOf(rule),
    });
    // Words were checked by our own grammar, which knows slots between words; here they only pass.
    rest = Option.Proxy();
    override execute() {
      return this.context.dispatch(declared);
    }
  };
}

const helpOf = (word: string) => grammar.wordHelp[word] ?? 'other commands';

function detailsOf({ declared }: Rule<Command>): string {
  const rows = Object.entries(declared.wordHelp ?? {}).map(([word, help]) => `- \`${word}\`: ${help}`);
  return [`\`${declared.line}\``, ...(rows.length > 0 ? [rows.join('\n\n')] : [])].join('\n\n');
}

/** Runs the command that was expanded through clipanion; only its class is registered. */
export function dispatchTo(
  expanded: Expanded<Command>,
  dispatch: DispatchContext['dispatch'],
): Promise<number> {
  const rule = ruleOf(expanded.command);
  const cli = new Cli<DispatchContext>(binary);
  cli.register(classOf(rule));
  // Commands read and write through their own context; what is given here is for clipanion's own failures.
  const { stdout } = process;
  const stdin = Readable.from([]);
  return cli.run([...expanded.words], { env: {}, stdin, stdout, stderr: stdout, colorDepth: 1, dispatch });
}

function ruleOf(command: Command): Rule<Command> {
  const rule = grammar.rules.find(({ declared }) => declared.line === command.line);
  if (rule === undefined) throw new Error(`not in the grammar: ${command.line}`);
  return rule;
}

/** Help of the commands that begin with these words (cut short too); of all without words. */
export function helpText(words: readonly string[]): string {
  const fits = grammar.rules.filter(({ parts }) => {
    const path = pathOf(parts);
    return words.slice(0, path.length).every((word, index) => path[index]?.startsWith(word));
  });
  const exact = fits.filter(({ parts }) =>
    words.every((word, index) => (pathOf(parts)[index] ?? word) === word),
  );
  const [only, ...others] = exact.length > 0 ? exact : fits;
  if (words.length === 0 || only === undefined || others.length > 0) {
    return listText(fits.length > 0 ? fits : grammar.rules);
  }
  const cli = new Cli<DispatchContext>(binary);
  const known = classOf(only);
  cli.register(known);
  return cli.usage(known, { detailed: true, colored: false });
}

function listText(rules: readonly Rule<Command>[]): string {
  const lines = rules.map(({ declared }) => `  ${declared.line}\n      ${declared.help}`);
  return `maglevc [flags] [command]\n\nCommands:\n\n${lines.join('\n')}\n\n${flagsText()}`;
}

function flagsText(): string {
  const width = Math.max(...flagTable.map((row) => flagText(row).length));
  const rows = flagTable.map((row) => {
    const environment = row.environment === undefined ? '' : ` (${row.environment})`;
    return `  ${flagText(row).padEnd(width)}  ${row.help}${environment}`;
  });
  const shell = 'Without a command it is a shell: words can be cut short, ? lists what can follow.';
  return `Flags:\n\n${rows.join('\n')}\n\n${shell}\n`;
}

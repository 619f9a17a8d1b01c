// The grammar of the command line: what a declared line says, and which words can stand next. Everything else
// (dispatch, completion, `?`, manual) derives from it. Pure: it must not know any command, name or terminal.

/** What may stand in a slot. Live kinds are names that the daemon knows. */
export const liveKinds = ['backend', 'frontend', 'pool', 'healthcheck'] as const;
export type LiveKind = (typeof liveKinds)[number];
/** `weight` 0..100, `count` from 1, `text` anything, `regexp` a regular expression. */
export type SlotKind = LiveKind | 'weight' | 'count' | 'text' | 'regexp';

export interface Word {
  readonly kind: 'word';
  readonly word: string;
}
export interface Slot {
  readonly kind: 'slot';
  readonly slot: SlotKind;
}
export type Token = Word | Slot;
/** One of several tokens, or a run of optional groups, each at most once and in any order. */
export type Part =
  | Token
  | { readonly kind: 'choice'; readonly tokens: readonly Token[] }
  | { readonly kind: 'options'; readonly groups: readonly (readonly Part[])[] };

const slotKinds: readonly string[] = [...liveKinds, 'weight', 'count', 'text', 'regexp'];

/**
 * Reads a declared line: words, `<slot>`, `a|b` for a choice, `[...]` for what may be left out. Throws on a
 * line that is not one: it is ours.
 */
export function parseLine(line: string): readonly Part[] {
  const tokens = line.match(/\[|\]|[^\s[\]]+/g) ?? [];
  let next = 0;
  const read = (isInside: boolean): Part[] => {
    const parts: Part[] = [];
    for (;;) {
      const token = tokens[next++];
      if (token === undefined || token === ']') {
        if ((token === ']') !== isInside) throw new Error(`brackets do not match: ${line}`);
        return parts;
      }
      if (token === '[') addOption(parts, read(true));
      else parts.push(parsePart(token));
    }
  };
  return read(false);
}

/** Neighbouring options make one run. */
function addOption(parts: Part[], group: readonly Part[]): void {
  const last = parts.at(-1);
  if (last?.kind !== 'options') parts.push({ kind: 'options', groups: [group] });
  else parts[parts.length - 1] = { kind: 'options', groups: [...last.groups, group] };
}

function parsePart(text: string): Part {
  const tokens = text.split('|').map(parseToken);
  return tokens.length === 1 ? (tokens[0] as Token) : { kind: 'choice', tokens };
}

function parseToken(text: string): Token {
  const slot = /^<(.+)>$/.exec(text)?.[1];
  if (slot === undefined) return { kind: 'word', word: text };
  if (!slotKinds.includes(slot)) throw new Error(`no such slot: ${text}`);
  return { kind: 'slot', slot: slot as SlotKind };
}

/** What a command declares. */
export interface Declared {
  readonly line: string;
  readonly help: string;
  /** Help of its own for words and slots (`<weight>`) of this line. */
  readonly wordHelp?: Readonly<Record<string, string>>;
}

/** A grammar: declared lines, read. */
export interface Grammar<D extends Declared = Declared> {
  readonly rules: readonly Rule<D>[];
  /** Help of words by themselves, where no command says better: `show` -> "show state". */
  readonly wordHelp: Readonly<Record<string, string>>;
}
export interface Rule<D extends Declared> {
  readonly declared: D;
  readonly parts: readonly Part[];
}

export function createGrammar<D extends Declared>(
  declared: readonly D[],
  wordHelp: Readonly<Record<string, string>>,
): Grammar<D> {
  return { rules: declared.map((each) => ({ declared: each, parts: parseLine(each.line) })), wordHelp };
}

/** Where one stands in a line: a rule, and what of it is still to come. */
export interface Place<D extends Declared> {
  readonly declared: D;
  readonly rest: readonly Part[];
}
/** A token that can stand next, and where one stands behind it. */
export interface Step<D extends Declared> {
  readonly token: Token;
  readonly to: Place<D>;
}

export function startPlaces<D extends Declared>(grammar: Grammar<D>): readonly Place<D>[] {
  return grammar.rules.map(({ declared, parts }) => ({ declared, rest: parts }));
}

/** Whether the line may end here. */
export function canEnd({ rest }: Pick<Place<Declared>, 'rest'>): boolean {
  return rest.every(({ kind }) => kind === 'options');
}

/** All tokens that can stand next. */
export function stepsFrom<D extends Declared>({ declared, rest }: Place<D>): readonly Step<D>[] {
  return stepsOf(rest).map(({ token, rest }) => ({ token, to: { declared, rest } }));
}

function stepsOf(parts: readonly Part[]): { token: Token; rest: readonly Part[] }[] {
  const [first, ...rest] = parts;
  if (first === undefined) return [];
  switch (first.kind) {
    case 'choice':
      return first.tokens.map((token) => ({ token, rest }));
    case 'options': {
      const into = first.groups.flatMap((group, index) => {
        const others = first.groups.filter((_, other) => other !== index);
        const behind: Part[] = others.length > 0 ? [{ kind: 'options', groups: others }] : [];
        return stepsOf(group).map((step) => ({ ...step, rest: [...step.rest, ...behind, ...rest] }));
      });
      return [...into, ...stepsOf(rest)];
    }
    default:
      return [{ token: first, rest }];
  }
}

/** As it is written in a line: `show`, `<backend>`. */
export function tokenText(token: Token): string {
  return token.kind === 'word' ? token.word : `<${token.slot}>`;
}

/** The words that every form of the line begins with: the path under which clipanion knows it. */
export function pathOf(parts: readonly Part[]): readonly string[] {
  const end = parts.findIndex(({ kind }) => kind !== 'word');
  return parts.slice(0, end < 0 ? parts.length : end).map((part) => (part as Word).word);
}

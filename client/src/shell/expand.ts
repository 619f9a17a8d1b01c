// From the words that somebody typed to the full words of a command, or to a refusal with its place. Pure:
// live names are handed in, and it must not know what a command does.
import {
  canEnd,
  type Declared,
  type Grammar,
  type LiveKind,
  liveKinds,
  type Place,
  type Slot,
  type SlotKind,
  type Step,
  startPlaces,
  stepsFrom,
  tokenText,
} from './grammar.ts';

/** Values of the slots so far, by kind. */
export type Values = Readonly<Partial<Record<SlotKind, string>>>;
/** Live names for a slot, with what they are; `undefined`: not known (yet). */
export type NamesOf = (slot: LiveKind, values: Values) => readonly Candidate[] | undefined;

/** Something that could stand at a place. */
export interface Candidate {
  readonly text: string;
  readonly help: string;
}

export interface Expanded<D extends Declared> {
  readonly ok: true;
  readonly command: D;
  /** Full words; slots hold their values. */
  readonly words: readonly string[];
  readonly values: Values;
  /** Words of the line that were given, e.g. `pause`, `flush`; slots are not in it. */
  readonly given: ReadonlySet<string>;
}
export interface Refused {
  readonly ok: false;
  readonly kind: 'ambiguous' | 'unknown' | 'incomplete';
  /** Number of the word at fault; for `incomplete` the number of words. */
  readonly index: number;
  /** What could have stood there. */
  readonly candidates: readonly Candidate[];
  /** What the word should have named, where nothing but a live name can stand: the daemon knows none such. */
  readonly missing?: LiveKind;
}
export type Expansion<D extends Declared> = Expanded<D> | Refused;

/** One way to read the words so far. */
export interface Reading<D extends Declared> {
  readonly place: Place<D>;
  readonly words: readonly string[];
  readonly values: Values;
  readonly given: ReadonlySet<string>;
}

export const weightMax = 100;

export function expand<D extends Declared>(
  words: readonly string[],
  grammar: Grammar<D>,
  namesOf: NamesOf,
): Expansion<D> {
  const read = readWords(words, grammar, namesOf);
  if ('ok' in read) return read;
  const whole = read.filter(({ place }) => canEnd(place));
  const [first] = whole;
  if (first === undefined) {
    return refuse('incomplete', words.length, candidatesAfter(read, grammar, namesOf));
  }
  // A longer reading of the same words would be an ambiguous grammar; the first declared one counts.
  const { words: full, values, given, place } = first;
  return { ok: true, command: place.declared, words: full, values, given };
}

/** All readings of whole words, e.g. in front of the one that TAB is pressed in; never none. */
export function readWords<D extends Declared>(
  words: readonly string[],
  grammar: Grammar<D>,
  namesOf: NamesOf,
): readonly Reading<D>[] | Refused {
  let readings: readonly Reading<D>[] = startPlaces(grammar).map((place) => {
    return { place, words: [], values: {}, given: new Set<string>() };
  });
  for (const [index, word] of words.entries()) {
    const next = readWord(word, readings, namesOf);
    if ('kind' in next) {
      const missing = next.kind === 'unknown' ? onlyLiveKind(readings, namesOf) : undefined;
      const refused = refuse(next.kind, index, candidatesFor(next, readings, grammar, namesOf));
      return missing === undefined ? refused : { ...refused, missing };
    }
    readings = next.readings;
  }
  return readings;
}

/** The kind of name that must stand next; undefined where something else could. */
function onlyLiveKind<D extends Declared>(
  readings: readonly Reading<D>[],
  namesOf: NamesOf,
): LiveKind | undefined {
  const kinds = readings.flatMap(({ place, values }) =>
    stepsFrom(place).map(({ token }) =>
      token.kind === 'slot' && isLive(token) && namesOf(token.slot, values) !== undefined
        ? token.slot
        : undefined,
    ),
  );
  const [first] = kinds;
  return kinds.every((kind) => kind === first) ? first : undefined;
}

function refuse(kind: Refused['kind'], index: number, candidates: readonly Candidate[]): Refused {
  return { ok: false, kind, index, candidates };
}

interface Match<D extends Declared> {
  readonly reading: Reading<D>;
  readonly step: Step<D>;
  /** The full word or value. */
  readonly text: string;
  readonly isExact: boolean;
}
interface Misfit {
  readonly kind: 'ambiguous' | 'unknown';
  /** Of an ambiguous word: what it could be. */
  readonly texts: ReadonlySet<string>;
}

function readWord<D extends Declared>(
  word: string,
  readings: readonly Reading<D>[],
  namesOf: NamesOf,
): { readonly readings: readonly Reading<D>[] } | Misfit {
  const matches = readings.flatMap((reading) =>
    stepsFrom(reading.place).flatMap((step) => matchStep(word, reading, step, namesOf)),
  );
  const exact = matches.filter(({ isExact }) => isExact);
  const exactWords = exact.filter(({ step }) => step.token.kind === 'word');
  // An exact word of the grammar wins, then an exact value, then whatever begins so.
  const chosen = exactWords.length > 0 ? exactWords : exact.length > 0 ? exact : matches;
  if (chosen.length === 0) return { kind: 'unknown', texts: new Set() };
  const texts = new Set(chosen.map(({ text }) => text));
  if (texts.size > 1 && !isFamily(chosen)) return { kind: 'ambiguous', texts };
  const chosenWords = chosen.filter(({ step }) => step.token.kind === 'word');
  return { readings: (chosenWords.length > 0 ? chosenWords : chosen).map(advance) };
}

/**
 * Words that are one word in several forms: `backend` and `backends`. What follows decides between them, so
 * that `sh ba` and `sh ba nginx0` both mean something.
 */
function isFamily<D extends Declared>(matches: readonly Match<D>[]): boolean {
  if (matches.some(({ step }) => step.token.kind !== 'word')) return false;
  const shortest = matches.map(({ text }) => text).sort((a, b) => a.length - b.length)[0] ?? '';
  return matches.every(({ text }) => text === shortest || text === `${shortest}s`);
}

function advance<D extends Declared>({ reading, step, text }: Match<D>): Reading<D> {
  const { token, to } = step;
  const words = [...reading.words, text];
  if (token.kind === 'word')
    return { ...reading, place: to, words, given: new Set([...reading.given, text]) };
  if (token.slot !== 'text') {
    return { ...reading, place: to, words, values: { ...reading.values, [token.slot]: text } };
  }
  // Free text takes the rest of the line, with or without quotes.
  const before = reading.values.text;
  const values = { ...reading.values, text: before === undefined ? text : `${before} ${text}` };
  const place = { declared: to.declared, rest: [{ kind: 'options', groups: [[token]] }] as const };
  return { ...reading, place, words, values };
}

function matchStep<D extends Declared>(
  word: string,
  reading: Reading<D>,
  step: Step<D>,
  namesOf: NamesOf,
): readonly Match<D>[] {
  const { token } = step;
  const match = (text: string, isExact: boolean): Match<D> => ({ reading, step, text, isExact });
  if (token.kind === 'word') {
    return word !== '' && token.word.startsWith(word) ? [match(token.word, token.word === word)] : [];
  }
  if (!isLive(token)) return fitsSlot(token.slot, word) ? [match(word, true)] : [];
  const names = namesOf(token.slot, reading.values);
  // Names that are not known cannot be completed: the daemon is to judge the word.
  if (names === undefined) return word === '' ? [] : [match(word, false)];
  if (names.some(({ text }) => text === word)) return [match(word, true)];
  if (word === '') return [];
  return names.filter(({ text }) => text.startsWith(word)).map(({ text }) => match(text, false));
}

function isLive(slot: Slot): slot is Slot & { readonly slot: LiveKind } {
  return (liveKinds as readonly string[]).includes(slot.slot);
}

function fitsSlot(slot: SlotKind, word: string): boolean {
  switch (slot) {
    case 'weight':
      return /^\d{1,3}$/.test(word) && Number(word) <= weightMax;
    case 'count':
      return /^[1-9]\d{0,8}$/.test(word);
    default:
      return true;
  }
}

/** What can follow the readings: words by name, then slots and live names. */
export function candidatesAfter<D extends Declared>(
  readings: readonly Reading<D>[],
  grammar: Grammar<D>,
  namesOf: NamesOf,
): readonly Candidate[] {
  const found = new Map<string, string>();
  const add = (text: string, help: string) => {
    if (!found.has(text)) found.set(text, help);
  };
  for (const { place, values } of readings) {
    for (const { token, to } of stepsFrom(place)) {
      const text = tokenText(token);
      const own = place.declared.wordHelp?.[text];
      const isLast = to.rest.every(({ kind }) => kind === 'options');
      const help = own ?? grammar.wordHelp[text] ?? (isLast ? place.declared.help : '');
      const names = token.kind === 'slot' && isLive(token) ? namesOf(token.slot, values) : undefined;
      if (names === undefined) add(text, help);
      else for (const name of names) add(name.text, name.help);
    }
  }
  return Array.from(found, ([text, help]) => ({ text, help }));
}

function candidatesFor<D extends Declared>(
  { kind, texts }: Misfit,
  readings: readonly Reading<D>[],
  grammar: Grammar<D>,
  namesOf: NamesOf,
): readonly Candidate[] {
  const all = candidatesAfter(readings, grammar, namesOf);
  return kind === 'unknown' ? all : all.filter(({ text }) => texts.has(text));
}

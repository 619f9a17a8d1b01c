// Takes typed values out of the document, held against the limits and defaults that stand in the schema.
// The structural stage has passed, so every value has the schema's type. It must not know what it is for.
import { type Address, parseAddress } from '../lib/address.ts';
import { parseDuration } from '../lib/duration.ts';
import { unusableReason } from './address-rules.ts';
import type { DocumentNode, Entry } from './document.ts';
import { childPath, type Path, quote } from './path.ts';
import type { Message, Problems } from './problem.ts';
import type { SchemaNode } from './schema.ts';
import { ownProperty } from './structure.ts';
import { nameProblem } from './text-rules.ts';

/** Certificates of a `ca-file`, or why there are none: the end of a sentence. */
export type CaFileResult =
  | { readonly ok: true; readonly pem: string }
  | { readonly ok: false; readonly reason: string };

/** What a check of one document carries along. */
export interface Check {
  readonly errors: Problems;
  readonly warnings: Problems;
  readonly readCaFile: ((path: string) => CaFileResult) | undefined;
}

/** A mapping of the document together with what the schema says of it. */
export interface Section {
  readonly schema: SchemaNode;
  readonly path: Path | undefined;
  /** Where it starts: its key, if it has one. Missing keys are reported here. */
  readonly offset: number;
  readonly entries: ReadonlyMap<string, Entry>;
  /** False: left out in the file. */
  readonly present: boolean;
}

const noEntries: ReadonlyMap<string, Entry> = new Map();

function openNode(node: DocumentNode, schema: SchemaNode, path: Path | undefined, offset: number): Section {
  const entries = node.kind === 'map' ? node.entries : noEntries;
  return { schema, path, offset, entries, present: true };
}

/** The section of a whole document. */
export function openRoot(node: DocumentNode, schema: SchemaNode): Section {
  return openNode(node, schema, undefined, node.offset);
}

/** A section in a section; one that is left out is empty and stands where its parent stands. */
export function openSection(parent: Section, key: string): Section {
  const entry = parent.entries.get(key);
  const schema = ownProperty(parent.schema, key) ?? {};
  const path = childPath(parent.path, key);
  if (entry === undefined) {
    return { schema, path, offset: parent.offset, entries: noEntries, present: false };
  }
  return openNode(entry.value, schema, path, entry.offset);
}

/** The sections of a section that is a map of names, in order, with every name and their number checked. */
export function openNamed(check: Check, section: Section): readonly (readonly [string, Section])[] {
  const { patternProperties = {}, minProperties, maxProperties } = section.schema;
  const [schema = {}] = Object.values(patternProperties);
  checkCount(check, section, section.entries.size, minProperties, maxProperties);
  return [...section.entries].map(([name, entry]) => {
    const path = childPath(section.path, name);
    const reason = nameProblem(name);
    if (reason !== undefined) check.errors.add(path, entry.offset, reason);
    return [name, openNode(entry.value, schema, path, entry.offset)] as const;
  });
}

/** The sections of a list. */
export function listSections(parent: Section, key: string): readonly Section[] {
  const { path, schema } = openSection(parent, key);
  const node = parent.entries.get(key)?.value;
  const items = node?.kind === 'seq' ? node.items : [];
  return items.map((item, index) => openNode(item, schema.items ?? {}, childPath(path, index), item.offset));
}

/** The sections of a list, with their number checked. */
export function openList(check: Check, parent: Section, key: string): readonly Section[] {
  const sections = listSections(parent, key);
  const list = openSection(parent, key);
  const { minItems, maxItems } = list.schema;
  checkCount(check, list, sections.length, minItems, maxItems);
  return sections;
}

/** Adds a problem when a section that is there has too few or too many entries. */
export function checkCount(
  check: Check,
  section: Section,
  count: number,
  min = 0,
  max = Number.POSITIVE_INFINITY,
): void {
  if (!section.present) return;
  if (count < min) check.errors.add(section.path, section.offset, 'needs at least one entry');
  if (count > max) check.errors.add(section.path, section.offset, `has ${count} entries, more than ${max}`);
}

/** Adds a problem for every required key that the section lacks. */
export function checkRequired(check: Check, section: Section): void {
  for (const key of section.schema.required ?? []) {
    if (!section.entries.has(key)) complain(check, section, key, 'required key is missing');
  }
}

/** Adds an error at a key's value, or at the section when it lacks the key. */
export function complain(check: Check, section: Section, key: string, message: Message): void {
  check.errors.add(childPath(section.path, key), placeOf(section, key), message);
}

/** The same as a warning. */
export function warn(check: Check, section: Section, key: string, message: Message): void {
  check.warnings.add(childPath(section.path, key), placeOf(section, key), message);
}

function placeOf(section: Section, key: string): number {
  return section.entries.get(key)?.value.offset ?? section.offset;
}

function givenOrDefault(section: Section, key: string): unknown {
  const node = section.entries.get(key)?.value;
  if (node === undefined) return ownProperty(section.schema, key)?.default;
  return node.kind === 'scalar' ? node.value : undefined;
}

/** An integer within the schema's limits, or its default; undefined when absent or wrong (then reported). */
export function readInteger(check: Check, section: Section, key: string): number | undefined {
  const value = givenOrDefault(section, key);
  if (typeof value !== 'number') return undefined;
  const { minimum = -Infinity, maximum = Infinity } = ownProperty(section.schema, key) ?? {};
  if (value >= minimum && value <= maximum) return value;
  complain(check, section, key, `must be ${minimum} to ${maximum}, is ${value}`);
  return undefined;
}

/** Like `readInteger`, for a power of two. */
export function readPowerOfTwo(check: Check, section: Section, key: string): number | undefined {
  const value = readInteger(check, section, key);
  if (value === undefined || Number.isInteger(Math.log2(value))) return value;
  const below = 2 ** Math.floor(Math.log2(value));
  complain(check, section, key, `must be a power of two such as ${below} or ${below * 2}, is ${value}`);
  return undefined;
}

/** True or false, or the schema's default. */
export function readBoolean(section: Section, key: string): boolean | undefined {
  const value = givenOrDefault(section, key);
  return typeof value === 'boolean' ? value : undefined;
}

/** One of the schema's words, or its default. */
export function readChoice<T extends string>(
  check: Check,
  section: Section,
  key: string,
  choices: readonly T[],
  remedy = '',
): T | undefined {
  const value = givenOrDefault(section, key);
  if (typeof value !== 'string') return undefined;
  const choice = choices.find((each) => each === value);
  if (choice === undefined) {
    complain(check, section, key, `must be ${listWords(choices)}, is ${quote(value)}${remedy}`);
  }
  return choice;
}

function listWords(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** A text within the schema's length that `rule` has nothing against. */
export function readText(
  check: Check,
  section: Section,
  key: string,
  rule: (text: string) => string | undefined,
): string | undefined {
  const value = givenOrDefault(section, key);
  if (typeof value !== 'string') return undefined;
  const { maxLength = Number.POSITIVE_INFINITY } = ownProperty(section.schema, key) ?? {};
  const reason = value.length > maxLength ? `is longer than ${maxLength} characters` : rule(value);
  if (reason === undefined) return value;
  complain(check, section, key, reason);
  return undefined;
}

export interface DurationRange {
  readonly minMs: number;
  readonly maxMs: number;
  /** The limits as an operator would write them. */
  readonly text: string;
}

/** Milliseconds of a duration within `range`, or of the schema's default. */
export function readDuration(
  check: Check,
  section: Section,
  key: string,
  range: DurationRange,
): number | undefined {
  const value = givenOrDefault(section, key);
  if (typeof value !== 'string') return undefined;
  const parsed = parseDuration(value);
  if (!parsed.ok) {
    complain(check, section, key, `${quote(value)} ${parsed.reason}`);
    return undefined;
  }
  if (parsed.ms >= range.minMs && parsed.ms <= range.maxMs) return parsed.ms;
  complain(check, section, key, `must be ${range.text}, is ${value}`);
  return undefined;
}

/** An address that can be used, of `family` if that is given. */
export function readAddress(
  check: Check,
  section: Section,
  key: string,
  family?: 4 | 6,
): Address | undefined {
  const value = givenOrDefault(section, key);
  if (typeof value !== 'string') return undefined;
  const parsed = parseAddress(value);
  const reason = parsed.ok
    ? (wrongFamily(parsed.address, family) ?? unusableReason(parsed.address))
    : parsed.reason;
  if (parsed.ok && reason === undefined) return parsed.address;
  complain(check, section, key, `${quote(value)} ${reason}`);
  return undefined;
}

function wrongFamily(address: Address, family: 4 | 6 | undefined): string | undefined {
  return family === undefined || address.family === family ? undefined : `is not an IPv${family} address`;
}

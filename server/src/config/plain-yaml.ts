// The YAML that configurations are mostly written in, read several times as fast as the library does: blocks
// of mappings and lists, one-line flow collections, plain and simply quoted scalars, comments. Whatever else
// the text holds, an error above all, is left to the library. It must not know which keys there are.
import { yamlDepthMax, yamlValueCountMax } from '../lib/limits.ts';
import type { DocumentNode, Entry, MapNode, ScalarNode, SeqNode } from './document.ts';

/** One line that is neither empty nor a comment, without its indentation and its comment. */
interface Line {
  /** Columns before the content. */
  readonly indent: number;
  readonly from: number;
  readonly to: number;
}

interface Reader {
  readonly text: string;
  /** Where the next line begins. */
  at: number;
  /** The line that is looked at; undefined at the end. */
  line: Line | undefined;
}

/** Thrown where the text leaves what is read here. */
class NotPlain extends Error {}
const notPlain = new NotPlain();

const space = 32;
const hash = 35;
const comma = 44;
const dash = 45;
const brace = 0x7b;
const bracket = 0x5b;
const braceEnd = 0x7d;
const bracketEnd = 0x5d;

const onlyAscii = /^[\n -~]*$/;
/** What ends or heads a document. */
const marker = /^(?:---|\.\.\.|%)/m;
const keyPattern = /[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}(?=:(?: |\n|$))/y;
const flowKey = /[A-Za-z0-9_][A-Za-z0-9_.-]{0,200}(?=:[ ,}])/y;
const quotedPattern = /'[^'\n]*'(?!')|"[^"\\\n]*"/y;
/** A colon stands only before what makes it a part of the word. */
const blockScalar = /[A-Za-z0-9_/](?:[A-Za-z0-9_./%+=,() -]|:(?=[A-Za-z0-9:/]))*/y;
const flowScalar = /[A-Za-z0-9_/](?:[A-Za-z0-9_./%+-]|:(?=[A-Za-z0-9:/]))*/y;
const smallInteger = /^[0-9]{1,15}$/;
/** What the core schema may take for a number that is no small integer, or for a word of its own. */
const otherThanText =
  /^(?:0[ox].*|[0-9]+\.?[0-9]*(?:[eE][-+]?[0-9]+)?|null|Null|NULL|True|TRUE|False|FALSE)$/;

/** The root of the one document in `text`; undefined: only the library can tell what it is. */
export function readPlainYaml(text: string): DocumentNode | undefined {
  if (!onlyAscii.test(text) || marker.test(text)) return undefined;
  const reader: Reader = { text, at: 0, line: undefined };
  try {
    advance(reader);
    if (reader.line === undefined) return undefined;
    const root = readBlock(reader, reader.line.indent, 0);
    return reader.line !== undefined || root.size > yamlValueCountMax ? undefined : root;
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
}

/** Goes to the next line that says something. */
function advance(reader: Reader): void {
  const { text } = reader;
  while (reader.at < text.length) {
    const start = reader.at;
    const newlineAt = text.indexOf('\n', start);
    const end = newlineAt < 0 ? text.length : newlineAt;
    reader.at = end + 1;
    let from = start;
    while (from < end && text.charCodeAt(from) === space) from += 1;
    if (from === end || text.charCodeAt(from) === hash) continue;
    reader.line = { indent: from - start, from, to: contentEnd(text, from, end) };
    return;
  }
  reader.line = undefined;
}

function contentEnd(text: string, from: number, end: number): number {
  let to = end;
  for (let at = from; at < end; at += 1) {
    if (text.charCodeAt(at) !== hash) continue;
    // Whether it stands inside quotes, or belongs to a word, is for the library to say.
    if (text.charCodeAt(at - 1) !== space || /['"]/.test(text.slice(from, at))) throw notPlain;
    to = at;
    break;
  }
  while (to > from && text.charCodeAt(to - 1) === space) to -= 1;
  return to;
}

/** A collection in a block that begins on the present line, at column `indent`. */
function readBlock(reader: Reader, indent: number, depth: number): DocumentNode {
  if (depth >= yamlDepthMax) throw notPlain;
  const { text, line } = reader;
  return line !== undefined && isItem(text, line)
    ? readSeq(reader, indent, depth)
    : readMap(reader, indent, depth);
}

function isItem(text: string, { from, to }: Line): boolean {
  return text.charCodeAt(from) === dash && from + 1 < to && text.charCodeAt(from + 1) === space;
}

function readSeq(reader: Reader, indent: number, depth: number): SeqNode {
  const { text } = reader;
  const items: DocumentNode[] = [];
  const offset = (reader.line as Line).from;
  let size = 1;
  for (let { line } = reader; line?.indent === indent && isItem(text, line); line = reader.line) {
    let from = line.from + 1;
    while (text.charCodeAt(from) === space) from += 1;
    const rest: Line = { indent: indent + from - line.from, from, to: line.to };
    reader.line = rest;
    const isBlock = isItem(text, rest) || match(keyPattern, text, from) !== undefined;
    const item = isBlock
      ? readBlock(reader, rest.indent, depth + 1)
      : readInline(reader, from, indent, depth);
    items.push(item);
    size += item.size;
  }
  checkEnd(reader, indent);
  return { kind: 'seq', items, offset, size };
}

function readMap(reader: Reader, indent: number, depth: number): MapNode {
  const { text } = reader;
  const entries = new Map<string, Entry>();
  const offset = (reader.line as Line).from;
  let size = 1;
  for (let { line } = reader; line?.indent === indent; line = reader.line) {
    const { from, to } = line;
    const key = match(keyPattern, text, from);
    if (key === undefined) {
      // The list that this mapping is an item of goes on, or it is no mapping.
      if (entries.size > 0 && isItem(text, line)) break;
      throw notPlain;
    }
    if (entries.has(key)) throw notPlain;
    const after = from + key.length + 1;
    const value =
      after >= to ? readNested(reader, after, indent, depth) : readValue(reader, after, indent, depth);
    entries.set(key, { offset: from, value });
    size += value.size;
  }
  checkEnd(reader, indent);
  return { kind: 'map', entries, offset, size };
}

/** What follows ends this block only where it stands further left. */
function checkEnd({ line }: Reader, indent: number): void {
  if (line !== undefined && line.indent > indent) throw notPlain;
}

/** The value of a key that stands alone on its line. A list may stand right below its key. */
function readNested(reader: Reader, after: number, indent: number, depth: number): DocumentNode {
  advance(reader);
  const { text, line } = reader;
  const isInside =
    line !== undefined && (line.indent > indent || (line.indent === indent && isItem(text, line)));
  if (!isInside) return emptyAt(text, after);
  if (!isItem(text, line) && match(keyPattern, text, line.from) === undefined) throw notPlain;
  return readBlock(reader, line.indent, depth + 1);
}

/** Nothing stands where the spaces end. */
function emptyAt(text: string, after: number): ScalarNode {
  let offset = after;
  while (text.charCodeAt(offset) === space) offset += 1;
  return { kind: 'scalar', value: null, source: '', offset, size: 1 };
}

function readValue(reader: Reader, after: number, indent: number, depth: number): DocumentNode {
  let from = after;
  while (reader.text.charCodeAt(from) === space) from += 1;
  return readInline(reader, from, indent, depth);
}

/** A value that ends with its line; one that goes on below is not read here. */
function readInline(reader: Reader, from: number, indent: number, depth: number): DocumentNode {
  const { text } = reader;
  const { to } = reader.line as Line;
  const flow: Flow = { text, at: from, to };
  const first = text.charCodeAt(from);
  const isFlow = first === brace || first === bracket;
  const node = isFlow ? readFlow(flow, depth + 1) : readScalar(flow, blockScalar, to);
  if (flow.at !== to) throw notPlain;
  advance(reader);
  if (reader.line !== undefined && reader.line.indent > indent) throw notPlain;
  return node;
}

interface Flow {
  readonly text: string;
  at: number;
  /** The end of the line. */
  readonly to: number;
}

function readFlow(flow: Flow, depth: number): DocumentNode {
  if (depth >= yamlDepthMax) throw notPlain;
  const first = flow.text.charCodeAt(flow.at);
  if (first === brace) return readFlowMap(flow, depth);
  if (first === bracket) return readFlowSeq(flow, depth);
  return readScalar(flow, flowScalar, flow.to);
}

function skipSpaces(flow: Flow): void {
  while (flow.text.charCodeAt(flow.at) === space) flow.at += 1;
}

/** After an item: whether another one follows. A comma before the end is left to the library. */
function hasNext(flow: Flow, end: number): boolean {
  skipSpaces(flow);
  const character = flow.text.charCodeAt(flow.at);
  flow.at += 1;
  if (character === end) return false;
  if (character !== comma) throw notPlain;
  skipSpaces(flow);
  return true;
}

/** Past the opening character: whether there is nothing inside. */
function isEmpty(flow: Flow, end: number): boolean {
  flow.at += 1;
  skipSpaces(flow);
  if (flow.text.charCodeAt(flow.at) !== end) return false;
  flow.at += 1;
  return true;
}

function readFlowMap(flow: Flow, depth: number): MapNode {
  const offset = flow.at;
  const entries = new Map<string, Entry>();
  let size = 1;
  let goesOn = !isEmpty(flow, braceEnd);
  while (goesOn) {
    const key = match(flowKey, flow.text, flow.at);
    if (key === undefined || entries.has(key)) throw notPlain;
    const keyOffset = flow.at;
    flow.at += key.length + 1;
    skipSpaces(flow);
    const next = flow.text.charCodeAt(flow.at);
    const isNothing = next === comma || next === braceEnd;
    const value = isNothing ? emptyAt(flow.text, flow.at) : readFlow(flow, depth + 1);
    entries.set(key, { offset: keyOffset, value });
    size += value.size;
    goesOn = hasNext(flow, braceEnd);
  }
  return { kind: 'map', entries, offset, size };
}

function readFlowSeq(flow: Flow, depth: number): SeqNode {
  const offset = flow.at;
  const items: DocumentNode[] = [];
  let size = 1;
  let goesOn = !isEmpty(flow, bracketEnd);
  while (goesOn) {
    // A pair in a list is a mapping of its own.
    if (match(flowKey, flow.text, flow.at) !== undefined) throw notPlain;
    const item = readFlow(flow, depth + 1);
    items.push(item);
    size += item.size;
    goesOn = hasNext(flow, bracketEnd);
  }
  return { kind: 'seq', items, offset, size };
}

function readScalar(flow: Flow, pattern: RegExp, to: number): ScalarNode {
  const { text, at } = flow;
  const quoted = match(quotedPattern, text, at);
  if (quoted !== undefined) {
    const value = quoted.slice(1, -1);
    flow.at += quoted.length;
    if (flow.at > to) throw notPlain;
    return { kind: 'scalar', value, source: value, offset: at, size: 1 };
  }
  // A comment behind it was cut off: what is matched may reach into the spaces before it.
  const source = match(pattern, text, at)
    ?.slice(0, to - at)
    .trimEnd();
  if (source === undefined) throw notPlain;
  flow.at += source.length;
  return { kind: 'scalar', value: resolveScalar(source), source, offset: at, size: 1 };
}

function resolveScalar(source: string): ScalarNode['value'] {
  if (smallInteger.test(source)) return Number(source);
  if (source === 'true') return true;
  if (source === 'false') return false;
  if (otherThanText.test(source)) throw notPlain;
  return source;
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? text.slice(at, pattern.lastIndex) : undefined;
}

// YAML text to a tree of values: aliases and merge keys resolved, the file's order and every place kept.
// It must not know which keys a configuration has.
//
// Places: a value that is an alias stands where the alias stands; what is inside an aliased or merged mapping
// stands where it is written. Both point at the text that has to be changed.
import { type Document, isAlias, isMap, isScalar, isSeq } from 'yaml';
import { yamlAliasCountMax, yamlDepthMax, yamlValueCountMax } from '../lib/limits.ts';
import { childPath, type Path, quote } from './path.ts';
import { readPlainYaml } from './plain-yaml.ts';
import type { Problems } from './problem.ts';
import { describeYamlErrors } from './yaml-error.ts';
import { parseStream } from './yaml-stream.ts';

interface NodeCommon {
  /** Place in the text, in UTF-16 units. */
  readonly offset: number;
  /** Values in it, itself included, with aliases expanded. */
  readonly size: number;
}
export interface ScalarNode extends NodeCommon {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** As written, for messages. */
  readonly source: string;
}
export interface SeqNode extends NodeCommon {
  readonly kind: 'seq';
  readonly items: readonly DocumentNode[];
}
export interface MapNode extends NodeCommon {
  readonly kind: 'map';
  /** In the file's order; a merged key stands where its `<<` stands. */
  readonly entries: ReadonlyMap<string, Entry>;
}
export type DocumentNode = ScalarNode | SeqNode | MapNode;

export interface Entry {
  /** Place of the key. */
  readonly offset: number;
  readonly value: DocumentNode;
}

/** The composer's running state: one per document. */
interface Composing {
  readonly problems: Problems;
  /** What an alias may refer to; 'open' while it is being read, when an alias to it would be endless. */
  readonly anchors: Map<string, DocumentNode | 'open'>;
  aliasCount: number;
  /** Keys copied by merges: the one thing that costs memory before the size of the whole is known. */
  mergedCount: number;
}

/** YAML's own rule of what a stream may hold, and line ends that only some programs see. */
const forbiddenCharacter = /(?![\t\n\x85]|\r\n)[\p{Cc}\p{Cs}\ufffe\uffff]/u;

const emptyNode = { kind: 'scalar', value: null, source: '', offset: 0, size: 1 } as const;

/**
 * The root of the one document in `text`; undefined when it is not YAML or must not be read on. What is wrong
 * is added to `problems`; duplicate keys and bad merges leave a tree, so that more can be found in it.
 */
export function readDocument(text: string, problems: Problems): DocumentNode | undefined {
  return readPlainYaml(text) ?? readWholeYaml(text, problems);
}

/** The same by the library alone, which knows all of YAML and every error. */
export function readWholeYaml(text: string, problems: Problems): DocumentNode | undefined {
  const forbidden = forbiddenCharacter.exec(text);
  if (forbidden !== null) {
    const code = (forbidden[0].codePointAt(0) ?? 0).toString(16).padStart(4, '0').toUpperCase();
    problems.add(undefined, forbidden.index, `not YAML: character U+${code} is not allowed`);
    return undefined;
  }
  const { documents, errors, refusal } = parseStream(text);
  if (refusal === undefined) describeYamlErrors(text, errors, problems);
  else problems.add(undefined, refusal.offset, refusal.message);
  if (problems.count() > 0) return undefined;
  const [document, second] = documents;
  if (document === undefined) return emptyNode;
  if (second !== undefined) {
    problems.add(undefined, second.range[0], 'a second document starts here: the file must hold exactly one');
    return undefined;
  }
  checkVersion(document, problems);
  return compose(document, problems);
}

function checkVersion(document: Document.Parsed, problems: Problems): void {
  const { explicit, version } = document.directives.yaml;
  if (explicit === true && version !== '1.2') {
    problems.add(undefined, 0, `the file is read as YAML 1.2: remove \`%YAML ${version}\``);
  }
}

function compose(document: Document.Parsed, problems: Problems): DocumentNode | undefined {
  const composing: Composing = { problems, anchors: new Map(), aliasCount: 0, mergedCount: 0 };
  const root = composeNode(composing, document.contents, undefined, 0);
  if (composing.aliasCount > yamlAliasCountMax) {
    problems.add(undefined, 0, `has ${composing.aliasCount} aliases, more than ${yamlAliasCountMax}`);
    return undefined;
  }
  if (Math.max(root.size, composing.mergedCount) > yamlValueCountMax) {
    problems.add(undefined, 0, `holds more than ${yamlValueCountMax} values once aliases are expanded`);
    return undefined;
  }
  return root;
}

function composeNode(
  composing: Composing,
  node: unknown,
  path: Path | undefined,
  depth: number,
): DocumentNode {
  if (isAlias(node)) return composeAlias(composing, node.source, node.range?.[0] ?? 0, path);
  if (!isScalar(node) && !isMap(node) && !isSeq(node)) return emptyNode;
  const offset = node.range?.[0] ?? 0;
  if (depth > yamlDepthMax) {
    composing.problems.add(path, offset, `is nested more than ${yamlDepthMax} levels deep`);
    return { ...emptyNode, offset };
  }
  if (node.anchor !== undefined) composing.anchors.set(node.anchor, 'open');
  let composed: DocumentNode;
  if (isMap(node)) composed = composeMap(composing, node.items, offset, path, depth);
  else if (isSeq(node)) {
    const items = node.items.map((item, index) =>
      composeNode(composing, item, childPath(path, index), depth + 1),
    );
    composed = { kind: 'seq', items, offset, size: items.reduce((sum, item) => sum + item.size, 1) };
  } else {
    const value = node.value as ScalarNode['value'];
    composed = { kind: 'scalar', value, source: node.source ?? '', offset, size: 1 };
  }
  if (node.anchor !== undefined) composing.anchors.set(node.anchor, composed);
  return composed;
}

function composeAlias(
  composing: Composing,
  name: string,
  offset: number,
  path: Path | undefined,
): DocumentNode {
  composing.aliasCount += 1;
  const target = composing.anchors.get(name);
  if (target !== undefined && target !== 'open') return { ...target, offset };
  const reason = target === undefined ? 'has no anchor before it' : 'stands inside its own anchor';
  composing.problems.add(path, offset, `alias ${quote(`*${name}`)} ${reason}`);
  return { ...emptyNode, offset };
}

type Item = { readonly key: unknown; readonly value: unknown };

function composeMap(
  composing: Composing,
  items: readonly Item[],
  offset: number,
  path: Path | undefined,
  depth: number,
): MapNode {
  const explicit = new Map<string, Entry>();
  let merged: { readonly after: number; readonly entries: Map<string, Entry> } | undefined;
  let size = 1;
  for (const { key, value } of items) {
    if (!isScalar(key)) continue;
    const name = String(key.value);
    const keyOffset = key.range?.[0] ?? offset;
    const keyPath = childPath(path, name);
    const isMerge = name === '<<' && key.type === 'PLAIN';
    if (key.anchor !== undefined)
      composing.anchors.set(key.anchor, { ...emptyNode, value: name, source: name, offset: keyOffset });
    const node = composeNode(composing, value, keyPath, depth + 1);
    if (isMerge && merged !== undefined) {
      composing.problems.add(keyPath, keyOffset, 'duplicate key: merge several with `<<: [*one, *other]`');
    } else if (isMerge) {
      merged = { after: explicit.size, entries: mergeSources(composing, node, keyPath) };
    } else if (explicit.has(name)) {
      const first = explicit.get(name)?.offset ?? 0;
      composing.problems.add(
        keyPath,
        keyOffset,
        (lines) => `duplicate key, first on line ${lines.place(first).line}`,
      );
    } else {
      explicit.set(name, { offset: keyOffset, value: node });
    }
  }
  const entries = merged === undefined ? explicit : insertMerged(explicit, merged.after, merged.entries);
  for (const entry of entries.values()) size += entry.value.size;
  return { kind: 'map', entries, offset, size };
}

/** The keys of all sources of one `<<`; of equal keys the first source's counts. */
function mergeSources(composing: Composing, node: DocumentNode, path: Path): Map<string, Entry> {
  const merged = new Map<string, Entry>();
  const sources = node.kind === 'seq' ? node.items : [node];
  for (const source of sources) {
    if (source.kind !== 'map') {
      composing.problems.add(path, source.offset, 'a merge key takes a mapping or a list of mappings');
      continue;
    }
    composing.mergedCount += source.entries.size;
    if (composing.mergedCount > yamlValueCountMax) break;
    for (const [name, entry] of source.entries) if (!merged.has(name)) merged.set(name, entry);
  }
  return merged;
}

/** Merged keys at the place of their `<<`, except those that the mapping has itself. */
function insertMerged(
  explicit: ReadonlyMap<string, Entry>,
  after: number,
  merged: ReadonlyMap<string, Entry>,
): Map<string, Entry> {
  const own = [...explicit];
  const inherited = [...merged].filter(([name]) => !explicit.has(name));
  return new Map([...own.slice(0, after), ...inherited, ...own.slice(after)]);
}

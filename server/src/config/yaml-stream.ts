// The YAML library, held within bounds: its own parser follows any nesting until the stack is full and keeps
// every error there is, which a megabyte of brackets turns into a gigabyte. It must not know what a document
// means.
import { Composer, type CST, type Document, Lexer, Parser, type YAMLError } from 'yaml';
import { assert } from '../lib/assert.ts';
import { yamlDepthMax, yamlErrorCountMax, yamlTokenCountMax } from '../lib/limits.ts';

export interface YamlStream {
  readonly documents: readonly Document.Parsed[];
  /** Errors and warnings of all documents; when there are very many, the first ones. */
  readonly errors: readonly YAMLError[];
  /** Why the text was not read to its end. */
  readonly refusal: { readonly offset: number; readonly message: string } | undefined;
}

const options = {
  version: '1.2',
  schema: 'core',
  stringKeys: true,
  resolveKnownTags: false,
  prettyErrors: false,
  logLevel: 'silent',
  // Both are done by the document: the library's search for duplicates is quadratic, its merge has no places.
  uniqueKeys: false,
  merge: false,
} as const;

class TooManyErrors extends Error {}

/** The documents in `text`. */
export function parseStream(text: string): YamlStream {
  const parser = new Parser();
  const composer = new Composer(options);
  const countError = boundErrors(composer);
  const documents: Document.Parsed[] = [];
  const take = (tokens: Iterable<CST.Token>) => {
    for (const token of tokens) {
      if (token.type === 'error') countError();
      documents.push(...composer.next(token));
    }
  };
  try {
    let count = 0;
    for (const lexeme of new Lexer().lex(text)) {
      take(parser.next(lexeme));
      count += 1;
      const refusal = refuse(parser, count);
      if (refusal !== undefined) return { documents: [], errors: [], refusal };
      // More than one is too many, however many there are.
      if (documents.length > 1) break;
    }
    take(parser.end());
  } catch (error) {
    if (!(error instanceof TooManyErrors)) throw error;
  }
  documents.push(...composer.end());
  const { errors, warnings } = composer.streamInfo();
  const found = documents.flatMap((document) => [...document.errors, ...document.warnings]);
  return { documents, errors: [...found, ...errors, ...warnings], refusal: undefined };
}

function refuse(parser: Parser, count: number): YamlStream['refusal'] {
  // A level of nesting takes two places of the stack: the mapping or list, and what is begun in it.
  if (parser.stack.length > 2 * yamlDepthMax) {
    return { offset: parser.offset, message: 'is nested too deeply' };
  }
  if (count > yamlTokenCountMax) {
    return { offset: parser.offset, message: `holds more than ${yamlTokenCountMax} YAML tokens` };
  }
  return undefined;
}

/**
 * Makes the composer give up after so many errors, which is not a setting of it: its handler is wrapped.
 * Returns what counts one more, for errors that come with the tokens.
 */
function boundErrors(composer: Composer): () => void {
  const handler: unknown = Reflect.get(composer, 'onError');
  assert(typeof handler === 'function', 'the YAML composer reports errors through onError');
  let count = 0;
  const countError = () => {
    count += 1;
    if (count > yamlErrorCountMax) throw new TooManyErrors();
  };
  Reflect.set(composer, 'onError', (...details: unknown[]) => {
    countError();
    Reflect.apply(handler, composer, details);
  });
  return countError;
}

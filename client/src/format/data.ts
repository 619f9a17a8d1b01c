// Answers as JSON and YAML, for programs: the REST body, its keys in the order of the API. Safe on a
// terminal.
import { sanitizeJson } from './sanitize.ts';

/** The REST body, indented by two. */
export function formatJson(body: unknown): string {
  return sanitizeJson(JSON.stringify(body, null, 2));
}

/** On one line, for streams. */
export function formatJsonLine(body: unknown): string {
  return sanitizeJson(JSON.stringify(body));
}

/** The same value as YAML 1.2; the parser is only loaded where it is wanted. */
export async function formatYaml(body: unknown): Promise<string> {
  const { Document, visit } = await import('yaml');
  const document = new Document(body);
  visit(document, {
    Scalar(_, node) {
      const isUnsafe = typeof node.value === 'string' && /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u.test(node.value);
      if (isUnsafe) node.type = 'QUOTE_DOUBLE';
    },
  });
  // Double quotes of YAML know JSON's escapes.
  return sanitizeJson(
    document.toString({ lineWidth: 0, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER }).trimEnd(),
  );
}

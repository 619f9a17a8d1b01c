// What the YAML parser complains of, in our words. It must not know which keys a configuration has.
import type { ErrorCode, YAMLError } from 'yaml';
import type { Problems } from './problem.ts';

const messages: Partial<Record<ErrorCode, string>> = {
  NON_STRING_KEY: 'a key must be a plain word or a string',
  TAB_AS_INDENT: 'tabs cannot indent YAML: use spaces',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line, with a colon and a space behind it',
};

/** Adds the parser's errors and warnings: a tag or directive that is not understood is not passed over. */
export function describeYamlErrors(text: string, errors: readonly YAMLError[], problems: Problems): void {
  for (const error of errors) {
    const offset = Math.min(Math.max(0, error.pos[0]), text.length);
    problems.add(undefined, offset, `not YAML: ${describe(error)}`);
  }
}

function describe(error: YAMLError): string {
  if (error.message.startsWith('Nested mappings are not allowed')) {
    return 'a mapping inside a line: quote a value that holds `: ` or ends with a colon';
  }
  if (error.message.startsWith('Unresolved tag: ')) {
    const tag = error.message.slice('Unresolved tag: '.length);
    return `unknown tag ${tag.replace('tag:yaml.org,2002:', '!!')}`;
  }
  return messages[error.code] ?? error.message.charAt(0).toLowerCase() + error.message.slice(1);
}

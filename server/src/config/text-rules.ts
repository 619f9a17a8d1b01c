// What the texts of a configuration may hold. Each rule gives the end of a sentence; undefined: all is well.
// It must not know where a text stands.
import { RE2JS } from 're2js';
import { parseAddress } from '../lib/address.ts';
import type { CodeRange } from './config.ts';
import { quote } from './path.ts';
import { headerNamePattern, namePattern, netnsPattern } from './schema.ts';

const namePatternCompiled = new RegExp(namePattern);
const netnsPatternCompiled = new RegExp(netnsPattern);
const headerNameCompiled = new RegExp(headerNamePattern);
const controlCharacter = /\p{Cc}/u;
const notPrintableAscii = /[^\x20-\x7e]/;
/** Controls but for tab and line feed, and what would forge a line. */
const unfitForPeople = /(?![\t\n])[\p{Cc}\p{Zl}\p{Zp}]/u;

export function anyText(): undefined {
  return undefined;
}

/** For names of frontends, pools, backends and health checks. */
export function nameProblem(text: string): string | undefined {
  if (namePatternCompiled.test(text)) return undefined;
  return 'a name has 1 to 63 letters, digits, `.`, `_` or `-`, the first a letter or digit';
}

export function descriptionProblem(text: string): string | undefined {
  if (unfitForPeople.test(text)) return 'holds a control character';
  return undefined;
}

export function netnsProblem(text: string): string | undefined {
  if (text.includes('/')) return 'is a name as `ip netns list` shows it, not a path';
  if (!netnsPatternCompiled.test(text)) return `${quote(text)} is not the name of a network namespace`;
  return undefined;
}

/** Control characters first: of all that can be wrong they are what an attack would need. */
function asciiProblem(text: string): string | undefined {
  if (controlCharacter.test(text)) return 'holds a control character';
  if (notPrintableAscii.test(text)) return 'holds a character outside ASCII';
  return undefined;
}

export function pathProblem(text: string): string | undefined {
  if (controlCharacter.test(text)) return 'holds a control character';
  if (!text.startsWith('/')) return 'must start with `/`';
  if (notPrintableAscii.test(text)) return 'holds a character outside ASCII: percent-encode it';
  if (text.includes(' ')) return 'holds a space: write %20';
  if (text.includes('#')) return 'holds a `#`, which is not sent: write %23';
  return undefined;
}

/** A Host header: a name or an address (IPv6 in brackets), with or without a port. */
export function hostProblem(text: string): string | undefined {
  if (text === '') return 'must not be empty';
  const ascii = asciiProblem(text);
  if (ascii !== undefined)
    return ascii === 'holds a control character' ? ascii : `${ascii}: use its xn-- form`;
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::([0-9]{1,5}))?$/.exec(text) ?? [];
  if (bracketed !== undefined) {
    const parsed = parseAddress(bracketed);
    if (!parsed.ok || parsed.address.family !== 6) return `${quote(text)} is not a host`;
  } else if (plain === undefined) {
    const parsed = parseAddress(text);
    return parsed.ok ? `needs brackets: [${text}]` : `${quote(text)} is not a host`;
  } else if (!/^[A-Za-z0-9._-]+$/.test(plain)) {
    return `${quote(text)} is not a host`;
  }
  return port !== undefined && (Number(port) < 1 || Number(port) > 65_535) ? 'has no valid port' : undefined;
}

export function serverNameProblem(text: string): string | undefined {
  if (text === '') return 'must not be empty';
  const ascii = asciiProblem(text);
  if (ascii !== undefined)
    return ascii === 'holds a control character' ? ascii : `${ascii}: use its xn-- form`;
  if (parseAddress(text).ok) return undefined;
  return /^[A-Za-z0-9._-]+$/.test(text) ? undefined : `${quote(text)} is not a host name`;
}

const refusedHeaders: ReadonlyMap<string, string> = new Map([
  ['host', 'is set with `host`'],
  ['connection', 'is always `close`: remove it'],
  ['content-length', 'does not go with a request without a body: remove it'],
  ['transfer-encoding', 'does not go with a request without a body: remove it'],
]);

export function headerNameProblem(name: string): string | undefined {
  if (controlCharacter.test(name)) return 'holds a control character';
  if (!headerNameCompiled.test(name)) return 'is not the name of a header';
  return refusedHeaders.get(name.toLowerCase());
}

export function headerValueProblem(text: string): string | undefined {
  return asciiProblem(text);
}

export function caFileProblem(text: string): string | undefined {
  if (controlCharacter.test(text)) return 'holds a control character';
  return text.startsWith('/') ? undefined : 'must be an absolute path';
}

export function regexpProblem(text: string): string | undefined {
  try {
    RE2JS.compile(text);
    return undefined;
  } catch (error) {
    // Whatever it throws is about the pattern, which comes from the file.
    const message = error instanceof Error ? error.message : String(error);
    return `does not compile: ${message.replace(/^error parsing regexp: /, '')}`;
  }
}

export type CodesResult =
  | { readonly ok: true; readonly ranges: readonly CodeRange[] }
  | { readonly ok: false; readonly reason: string };

/** Status codes as a number or as a list of codes and ranges: `200,204,300-399`. */
export function parseResponseCodes(value: number | string): CodesResult {
  const ranges: CodeRange[] = [];
  for (const part of String(value).split(',')) {
    const match = /^([0-9]{3})(?:-([0-9]{3}))?$/.exec(part.trim());
    if (match === null)
      return { ok: false, reason: `${quote(part.trim())} is not a code or a range such as 200-299` };
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (first > last) return { ok: false, reason: `range ${first}-${last} runs backwards` };
    if (first < 100 || last > 599) return { ok: false, reason: `${part.trim()} is not within 100 to 599` };
    ranges.push({ first, last });
  }
  return { ok: true, ranges };
}

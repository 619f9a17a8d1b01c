// `maglevd hash-password`: prints an entry for the auth file. The entry alone goes to standard output, so
// that it can be appended to the file; whatever is for eyes goes to standard error. It opens no file.
import { randomBytes, scrypt } from 'node:crypto';
import { passwordBytesMax, scryptLogCost } from '../lib/limits.ts';
import type { Role } from './caller.ts';
import {
  formatSecretHash,
  formatToken,
  isCredentialName,
  nameRule,
  roles,
  scryptOptions,
  secretBytes,
} from './credentials.ts';
import { readSecret, type SecretInput } from './hash-password-input.ts';

export interface HashPasswordIo {
  /** process.stdin: a terminal is asked without echo and twice, anything else gives one line. */
  readonly input: SecretInput;
  readonly writeOut: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly randomBytes?: (length: number) => Buffer;
}

const exitFailure = 1;
const exitUsage = 2;

const usage = `usage: maglevd hash-password [name] [--role operator|viewer] [--kind password|token]

Prints an entry for the file named by --auth-file. The password is read from standard input; a token is made
here and shown once. Without a name, the entry is named like its role.

  maglevd hash-password alice >> /etc/vpp-maglev/auth
  maglevd hash-password deploy --kind token >> /etc/vpp-maglev/auth

A client certificate needs no hash; write its entry by hand: "name operator certificate".
`;

interface Wish {
  readonly name: string;
  readonly role: Role;
  readonly kind: 'password' | 'token';
}

/**
 * Runs the command with the words behind its name; resolves to the exit code. The input is closed: a pipe
 * that stays open, even one that is not read from, would hold the process.
 */
export async function runHashPassword(words: readonly string[], io: HashPasswordIo): Promise<number> {
  try {
    return await printEntry(words, io);
  } finally {
    io.input.destroy();
  }
}

async function printEntry(words: readonly string[], io: HashPasswordIo): Promise<number> {
  if (words.some((word) => /^--?(help|h)$/.test(word))) {
    io.writeOut(usage);
    return 0;
  }
  const wish = parseWords(words);
  if (typeof wish === 'string') {
    io.writeError(`maglevd hash-password: ${wish}\n`);
    return exitUsage;
  }
  const { name, role, kind } = wish;
  const random = io.randomBytes ?? randomBytes;
  const secret = kind === 'token' ? { text: formatToken(name, random(32)) } : await askPassword(name, io);
  if ('refusal' in secret) {
    io.writeError(`maglevd hash-password: ${secret.refusal}\n`);
    return exitFailure;
  }
  const hash = await hashSecret(secret.text, random(16));
  if (kind === 'token') io.writeError(`token of ${name}, shown this once:\n${secret.text}\n`);
  io.writeOut(`${name} ${role} ${kind} ${hash}\n`);
  return 0;
}

/** What is asked for; a text is the refusal. */
function parseWords(words: readonly string[]): Wish | string {
  const values = new Map<string, string>();
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as string;
    const flag = /^--?(role|kind)(?:=(.*))?$/s.exec(word);
    if (flag === null && word.startsWith('-')) return `${word.slice(0, 80)}: no such flag (--role, --kind)`;
    const key = flag?.[1] ?? 'name';
    const value = flag === null ? word : (flag[2] ?? words[++index]);
    if (value === undefined) return `flag --${key} needs a value`;
    if (values.has(key)) return flag === null ? 'one name at a time' : `flag --${key} is given twice`;
    values.set(key, value);
  }
  const roleWord = values.get('role') ?? 'operator';
  const role = roles.find((known) => known === roleWord);
  if (role === undefined) return `--role: write ${roles.join(' or ')}`;
  const kind = values.get('kind') ?? 'password';
  if (kind !== 'password' && kind !== 'token') return '--kind: write password or token';
  const name = values.get('name') ?? role;
  return isCredentialName(name) ? { name, role, kind } : `${JSON.stringify(name.slice(0, 80))} ${nameRule}`;
}

type Secret = { readonly text: string } | { readonly refusal: string };

async function askPassword(name: string, { input, writeError }: HashPasswordIo): Promise<Secret> {
  const first = await readSecret(input, `password for ${name}: `, writeError);
  if ('refusal' in first) return first;
  if (first.text === '') return { refusal: 'the password is empty' };
  if (Buffer.byteLength(first.text) > passwordBytesMax) {
    return { refusal: `the password is longer than ${passwordBytesMax} bytes` };
  }
  // What HTTP Basic cannot carry could never be shown (RFC 7617, 2).
  if (/\p{Cc}/u.test(first.text)) return { refusal: 'the password holds a control character' };
  if (!first.text.isWellFormed() || first.text.includes('\ufffd')) {
    return { refusal: 'the password is not valid UTF-8' };
  }
  if (!input.isTTY) return first;
  const second = await readSecret(input, 'once more: ', writeError);
  if ('refusal' in second) return second;
  return second.text === first.text ? first : { refusal: 'the two passwords differ: start again' };
}

function hashSecret(text: string, salt: Buffer): Promise<string> {
  const cost = { logCost: scryptLogCost, blockSize: 8, parallelism: 1 };
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  scrypt(secretBytes(text), salt, 32, scryptOptions(cost), (error, hash) => {
    if (error) reject(error);
    else resolve(formatSecretHash({ ...cost, salt, hash }));
  });
  return promise;
}

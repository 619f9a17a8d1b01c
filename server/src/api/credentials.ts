// The auth file as text and as a value: who may show what, and which role that gives. Pure: it opens no file
// and checks no password.
import type { ScryptOptions } from 'node:crypto';
import {
  authEntryCountMax,
  authErrorCountMax,
  certificateNameLengthMax,
  nameLengthMax,
  scryptBlockSizeMax,
  scryptBytesMax,
  scryptLogCostMax,
  scryptLogCostMin,
  scryptParallelismMax,
} from '../lib/limits.ts';
import type { Role } from './caller.ts';

/** A scrypt hash (RFC 7914) of a password or of a whole token, in UTF-8. */
export interface SecretHash {
  /** Log2 of N. */
  readonly logCost: number;
  readonly blockSize: number;
  readonly parallelism: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

export interface SecretEntry {
  readonly role: Role;
  readonly secret: SecretHash;
}

/** What an auth file says, by name. */
export interface Credentials {
  readonly passwords: ReadonlyMap<string, SecretEntry>;
  readonly tokens: ReadonlyMap<string, SecretEntry>;
  /** Roles of client certificates. Empty: every verified certificate is an operator. */
  readonly certificates: ReadonlyMap<string, Role>;
}

export const noCredentials: Credentials = {
  passwords: new Map(),
  tokens: new Map(),
  certificates: new Map(),
};

/** A fault of an auth file: a whole sentence with the remedy. */
export interface AuthFault {
  readonly line: number;
  readonly message: string;
}

export type CredentialsResult =
  | { readonly ok: true; readonly credentials: Credentials }
  | { readonly ok: false; readonly faults: readonly AuthFault[] };

export const roles: readonly Role[] = ['viewer', 'operator'];
const kinds = ['password', 'token', 'certificate'] as const;
type Kind = (typeof kinds)[number];

/** Names of people and of tokens: no colon (RFC 7617), and safe in a log. */
const credentialName = new RegExp(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,${nameLengthMax - 1}}$`);
const certificateName = new RegExp(`^[\\x21-\\x7e]{1,${certificateNameLengthMax}}$`);

export const isCredentialName = (name: string): boolean => credentialName.test(name);

/**
 * Reads the text of an auth file: one entry per line, `name role kind [hash]`, `#` begins a comment. All
 * faults are reported, up to a bound.
 */
export function parseCredentials(text: string): CredentialsResult {
  const passwords = new Map<string, SecretEntry>();
  const tokens = new Map<string, SecretEntry>();
  const certificates = new Map<string, Role>();
  const faults: AuthFault[] = [];
  const lineOf = new Map<string, number>();
  for (const [index, text_] of text.split('\n').entries()) {
    const line = index + 1;
    const entry = parseEntry(text_);
    if (entry === undefined) continue;
    if (faults.length >= authErrorCountMax) break;
    if ('fault' in entry) {
      faults.push({ line, message: entry.fault });
      continue;
    }
    const { name, role, kind, secret } = entry;
    const first = lineOf.get(`${kind} ${name}`);
    if (first !== undefined) {
      faults.push({ line, message: `${kind} ${name} is already on line ${first}: keep one of them` });
      continue;
    }
    lineOf.set(`${kind} ${name}`, line);
    if (lineOf.size > authEntryCountMax) {
      faults.push({ line, message: `more than ${authEntryCountMax} entries: remove some` });
      break;
    }
    if (secret === undefined) certificates.set(name, role);
    else (kind === 'password' ? passwords : tokens).set(name, { role, secret });
  }
  return faults.length > 0
    ? { ok: false, faults }
    : { ok: true, credentials: { passwords, tokens, certificates } };
}

interface Entry {
  readonly name: string;
  readonly role: Role;
  readonly kind: Kind;
  /** Absent: kind certificate. */
  readonly secret?: SecretHash;
}

/** Undefined: a line without an entry. */
function parseEntry(line: string): Entry | { readonly fault: string } | undefined {
  const words = line.split(/\s+/).filter((word) => word !== '');
  const comment = words.findIndex((word) => word.startsWith('#'));
  const [name, roleWord, kindWord, hash, ...rest] = comment < 0 ? words : words.slice(0, comment);
  if (name === undefined) return undefined;
  if (kindWord === undefined || rest.length > 0) {
    return { fault: 'an entry is "name role kind [hash]": maglevd hash-password prints one' };
  }
  const role = roles.find((known) => known === roleWord);
  const kind = kinds.find((known) => known === kindWord);
  if (role === undefined) return { fault: `${quote(roleWord)} is no role: write ${roles.join(' or ')}` };
  if (kind === undefined) {
    return { fault: `${quote(kindWord)} is no kind of credential: write password, token or certificate` };
  }
  if (kind === 'certificate') {
    if (hash !== undefined) return { fault: 'a certificate has no hash: end the line after "certificate"' };
    if (certificateName.test(name)) return { name, role, kind };
    return { fault: `a certificate's name has at most ${certificateNameLengthMax} characters, all ASCII` };
  }
  if (!isCredentialName(name)) return { fault: `${quote(name)} ${nameRule}` };
  if (hash === undefined) return { fault: `a ${kind} needs its hash: maglevd hash-password makes it` };
  const secret = parseSecretHash(hash);
  return typeof secret === 'string' ? { fault: secret } : { name, role, kind, secret };
}

/** The end of a sentence about a name that cannot be taken. */
export const nameRule =
  `is no name of a credential: up to ${nameLengthMax} letters, digits, ".", "_", "@" and "-", ` +
  'the first a letter or digit';

const quote = (word = '') => JSON.stringify(word.slice(0, nameLengthMax));

const hashForm =
  /^\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,2}),p=([0-9]{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const saltBytes = { min: 8, max: 64 };
const hashBytes = { min: 16, max: 64 };

/** Reads a hash in PHC string format; a text is the fault, in a sentence that quotes no secret. */
export function parseSecretHash(text: string): SecretHash | string {
  const match = hashForm.exec(text);
  if (!match) {
    return 'the hash is not "$scrypt$ln=15,r=8,p=1$salt$hash": make the entry anew (maglevd hash-password)';
  }
  const [logCost = 0, blockSize = 0, parallelism = 0] = match.slice(1, 4).map(Number);
  if (logCost < scryptLogCostMin) {
    return `the hash is too cheap: ln=${logCost} must be at least ${scryptLogCostMin}: make the entry anew`;
  }
  const isTooDear =
    logCost > scryptLogCostMax ||
    blockSize > scryptBlockSizeMax ||
    parallelism > scryptParallelismMax ||
    128 * 2 ** logCost * blockSize > scryptBytesMax;
  if (isTooDear) {
    const mebibytes = scryptBytesMax / 1024 / 1024;
    return `the hash costs too much: ln at most ${scryptLogCostMax}, r ${scryptBlockSizeMax}, p ${
      scryptParallelismMax
    }, and ${mebibytes} MiB of memory: make the entry anew`;
  }
  if (blockSize < 1 || parallelism < 1) return 'the hash has r or p of 0: make the entry anew';
  const salt = decode(match[4] ?? '');
  const hash = decode(match[5] ?? '');
  if (!fits(salt, saltBytes) || !fits(hash, hashBytes)) {
    return 'the salt or the hash is cut off or garbled: make the entry anew';
  }
  return { logCost, blockSize, parallelism, salt, hash };
}

/** Base64 without padding; undefined when it is not what the bytes encode to. */
function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return encode(bytes) === text ? bytes : undefined;
}

function fits(bytes: Buffer | undefined, { min, max }: typeof saltBytes): bytes is Buffer {
  return bytes !== undefined && bytes.length >= min && bytes.length <= max;
}

const encode = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '');

/** The hash as an auth file holds it. */
export function formatSecretHash({ logCost, blockSize, parallelism, salt, hash }: SecretHash): string {
  return `$scrypt$ln=${logCost},r=${blockSize},p=${parallelism}$${encode(salt)}$${encode(hash)}`;
}

/** node:crypto's options for a hash of this cost. */
export function scryptOptions(
  cost: Pick<SecretHash, 'logCost' | 'blockSize' | 'parallelism'>,
): Required<Pick<ScryptOptions, 'N' | 'r' | 'p' | 'maxmem'>> {
  const { logCost, blockSize: r, parallelism: p } = cost;
  // Beside the table OpenSSL counts a little more towards its limit.
  return { N: 2 ** logCost, r, p, maxmem: 2 * scryptBytesMax };
}

/** The same characters, however a keyboard composes them (RFC 7617, 2.1 and RFC 8265, 4.2). */
export const secretBytes = (secret: string): Buffer => Buffer.from(secret.normalize('NFC'));

const tokenSecretLength = 43;
const tokenForm = new RegExp(`^mglv_(.{1,${nameLengthMax}})_[A-Za-z0-9_-]{${tokenSecretLength}}$`);

/** Name in a token, so that one hash needs checking; undefined: it is no token of ours. */
export function tokenName(token: string): string | undefined {
  const name = tokenForm.exec(token)?.[1];
  return name !== undefined && isCredentialName(name) ? name : undefined;
}

/** A token from 32 random bytes. */
export function formatToken(name: string, random: Buffer): string {
  return `mglv_${name}_${random.toString('base64url')}`;
}

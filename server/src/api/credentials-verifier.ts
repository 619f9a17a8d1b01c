// Holds passwords and tokens against their hashes: few at a time, an unknown name at the price of a known
// one, good ones remembered for a while. It must not know where a login comes from.
import { createHmac, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { must } from '../lib/assert.ts';
import type { Clock } from '../lib/clock.ts';
import {
  loginCacheAgeMsMax,
  loginCacheMax,
  loginChecksAtOnceMax,
  loginChecksWaitingMax,
  scryptLogCost,
} from '../lib/limits.ts';
import type { Role } from './caller.ts';
import {
  type Credentials,
  type SecretEntry,
  type SecretHash,
  scryptOptions,
  secretBytes,
} from './credentials.ts';
import { ApiError } from './errors.ts';

/** A password or token, as shown. */
export interface Login {
  readonly kind: 'password' | 'token';
  readonly name: string;
  readonly secret: string;
}

/** node:crypto's scrypt as a promise. */
export type Scrypt = (secret: Buffer, salt: Buffer, length: number, cost: ScryptOptions) => Promise<Buffer>;

export interface VerifierOptions {
  readonly clock: Clock;
  /** Another object whenever the file has changed. */
  readonly credentials: () => Credentials;
  readonly scrypt?: Scrypt;
  readonly randomBytes?: (length: number) => Buffer;
}

export interface CredentialsVerifier {
  /** The role of a login that was good a short while ago; costs next to nothing. */
  remembered(login: Login): Role | undefined;
  /** The check of the same login that somebody else has begun. */
  underWay(login: Login): Promise<Role | undefined> | undefined;
  /**
   * Its role, or undefined when it is wrong. Rejects with ApiError `resource_exhausted` when too many wait.
   */
  verify(login: Login): Promise<Role | undefined>;
  rememberedCount(): number;
}

interface Good {
  readonly role: Role;
  readonly usedMs: number;
}

const saltLength = 16;
const hashLength = 32;

export function createVerifier(options: VerifierOptions): CredentialsVerifier {
  const { clock, credentials, randomBytes: random = randomBytes } = options;
  const compute = createScryptQueue(options.scrypt ?? computeScrypt);
  // Neither a dump of this process nor a look at its timing tells more of a secret than a keyed digest does.
  const key = random(hashLength);
  const digest = (login: Login) =>
    createHmac('sha256', key)
      .update(JSON.stringify([login.kind, login.name, login.secret.normalize('NFC')]))
      .digest('base64');
  const pretence: SecretHash = {
    logCost: scryptLogCost,
    blockSize: 8,
    parallelism: 1,
    salt: random(saltLength),
    hash: random(hashLength),
  };
  const good = createMemory(clock);
  const underWay = new Map<string, Promise<Role | undefined>>();
  let goodFor = credentials();

  function forgetOld(): void {
    if (goodFor === credentials()) return;
    good.clear();
    underWay.clear();
    goodFor = credentials();
  }

  /** An unknown name costs what one of the known would: always the same one, or asking twice would tell. */
  function pretenceFor(name: string, entries: ReadonlyMap<string, SecretEntry>): SecretHash {
    if (entries.size === 0) return pretence;
    const choice = createHmac('sha256', key).update(name).digest().readUInt32BE() % entries.size;
    const { secret } = must(Array.from(entries.values())[choice], 'an entry to cost as much as');
    return { ...secret, hash: pretence.hash };
  }

  async function check(login: Login, id: string): Promise<Role | undefined> {
    const held = credentials();
    const entries = login.kind === 'password' ? held.passwords : held.tokens;
    const entry = entries.get(login.name);
    const wanted = entry?.secret ?? pretenceFor(login.name, entries);
    const bytes = secretBytes(login.secret);
    const hash = await compute(bytes, wanted.salt, wanted.hash.length, scryptOptions(wanted));
    // The file changed meanwhile: what held then may not hold now.
    if (held !== credentials()) return check(login, id);
    if (!timingSafeEqual(hash, wanted.hash) || entry === undefined) return undefined;
    good.put(id, entry.role);
    return entry.role;
  }

  return {
    remembered(login) {
      forgetOld();
      return good.get(digest(login));
    },
    underWay(login) {
      forgetOld();
      return underWay.get(digest(login));
    },
    verify(login) {
      forgetOld();
      const id = digest(login);
      const result = check(login, id).finally(() => {
        if (underWay.get(id) === result) underWay.delete(id);
      });
      underWay.set(id, result);
      return result;
    },
    rememberedCount: good.size,
  };
}

/** Good logins by their digest, the least used first. */
function createMemory(clock: Clock) {
  const entries = new Map<string, Good>();

  function put(id: string, role: Role): void {
    entries.delete(id);
    entries.set(id, { role, usedMs: clock.nowMs() });
    const oldest = entries.keys().next();
    if (entries.size > loginCacheMax && !oldest.done) entries.delete(oldest.value);
  }

  return {
    put,
    get(id: string): Role | undefined {
      const known = entries.get(id);
      if (known === undefined) return undefined;
      entries.delete(id);
      if (clock.nowMs() - known.usedMs > loginCacheAgeMsMax) return undefined;
      put(id, known.role);
      return known.role;
    },
    clear: () => entries.clear(),
    size: () => entries.size,
  };
}

const computeScrypt: Scrypt = (secret, salt, length, cost) => {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  scrypt(secret, salt, length, cost, (error, hash) => (error ? reject(error) : resolve(hash)));
  return promise;
};

/** A few at once, some waiting, the rest refused: each takes much memory and a thread. */
function createScryptQueue(compute: Scrypt): Scrypt {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (...work) => {
    if (running >= loginChecksAtOnceMax) {
      if (waiting.length >= loginChecksWaitingMax) throw busy();
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push(resolve);
      await promise;
    } else running += 1;
    try {
      return await compute(...work);
    } finally {
      const next = waiting.shift();
      // The place goes on to whoever waited longest.
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

function busy(): ApiError {
  const message = 'too many credentials are being checked: ask again in a second';
  return new ApiError('resource_exhausted', message, [], { 'retry-after': '1' });
}

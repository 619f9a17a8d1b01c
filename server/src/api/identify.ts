// From a connection and its headers to a caller with a role. What was shown decides; with nothing shown,
// where the request comes from. It must not know operations, nor how the headers were parsed.
import { isIP } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import { certificateNameLengthMax } from '../lib/limits.ts';
import type { Log } from '../lib/log.ts';
import { challenge, hostOf, type IdentifiedCaller, isLoopback } from './access.ts';
import type { Role } from './caller.ts';
import { type Credentials, noCredentials, tokenName } from './credentials.ts';
import { createVerifier, type Login, type Scrypt } from './credentials-verifier.ts';
import { ApiError } from './errors.ts';
import { createLoginThrottle } from './login-throttle.ts';
import type { Connection } from './port-connection.ts';
import {
  canonicalAddress,
  clientAddress,
  isProxied,
  type RequestHeaders,
  type TrustedProxies,
} from './trusted-proxies.ts';

export interface AccessOptions {
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn'>;
  /** What the auth file says now; another object after each change. Absent: no auth file. */
  readonly credentials?: () => Credentials;
  readonly trustedProxies: TrustedProxies;
  /** This machine's name. */
  readonly hostname: string;
  readonly scrypt?: Scrypt;
  readonly randomBytes?: (length: number) => Buffer;
}

/** A request as far as it tells who asks. */
export interface Visit {
  readonly connection: Connection;
  readonly headers: RequestHeaders;
  readonly requestId: string;
  /** Name and password of an `Authorization: Basic` header. */
  readonly password?: { readonly name: string; readonly secret: string };
}

export interface Access {
  /**
   * Throws ApiError: `unauthenticated` when what was shown is wrong, whatever it was shown for and wherever
   * it comes from; `resource_exhausted` when that happened too often, or too many are being checked.
   */
  identify(visit: Visit): Promise<IdentifiedCaller>;
  /** The caller that it would be without anything shown, as a viewer: for those who were refused. */
  stranger(visit: Pick<Visit, 'connection' | 'headers' | 'requestId'>): IdentifiedCaller;
}

export function createAccess(options: AccessOptions): Access {
  const { trustedProxies, hostname, credentials } = options;
  const identifyLogin = createLoginCheck(options);

  const stranger: Access['stranger'] = ({ connection, headers, requestId }) => {
    const peer = peerAddress(connection);
    const isForeign = isLocal(connection) && isForeignPage(headers, hostname);
    const distrust = isProxied(peer, headers, trustedProxies) ? 'proxy' : isForeign ? 'host' : undefined;
    const { certificateFault } = connection;
    return {
      role: 'viewer',
      address: clientAddress(peer, headers, trustedProxies),
      requestId,
      hasAuthFile: credentials !== undefined,
      ...(distrust && { distrust }),
      ...(certificateFault !== undefined && { certificateFault }),
    };
  };

  return {
    stranger,
    async identify(visit) {
      const base = stranger(visit);
      const shown = readLogin(visit);
      if (shown !== undefined) return identifyLogin(shown, visit, base);
      const { certificateName: name } = visit.connection;
      // The certificate of a proxy says nothing about who is behind it.
      if (name !== undefined && base.distrust !== 'proxy') {
        const role = certificateRole(name, credentials?.() ?? noCredentials);
        return { ...base, role, user: shorten(name) };
      }
      return isLocal(visit.connection) && base.distrust === undefined ? { ...base, role: 'operator' } : base;
    },
  };
}

/** Gives the caller the role of the password or token that it showed. */
function createLoginCheck(options: AccessOptions) {
  const { clock, log, scrypt, randomBytes } = options;
  const hasAuthFile = options.credentials !== undefined;
  const credentials = options.credentials ?? (() => noCredentials);
  const verifier = createVerifier({
    clock,
    credentials,
    ...(scrypt && { scrypt }),
    ...(randomBytes && { randomBytes }),
  });
  const throttle = createLoginThrottle();

  /** The role of a password or token, checked no more often than the throttle lets. */
  async function roleOf(login: Login | undefined, address: string): Promise<Role | undefined> {
    const remembered = login && verifier.remembered(login);
    if (remembered !== undefined) return remembered;
    // Twenty requests at once with one good password are one check, and nobody's failures.
    const running = login && verifier.underWay(login);
    if (running !== undefined) return running;
    const attempt = throttle.begin(address, clock.nowMs());
    if (attempt.t === 'wait') throw tooManyFailures(address, attempt.waitMs);
    let failed = false;
    try {
      const role = login && (await verifier.verify(login));
      failed = role === undefined;
      return role;
    } finally {
      attempt.end(failed);
    }
  }

  return async (shown: Shown, { headers, requestId }: Visit, base: IdentifiedCaller) => {
    const extra: ApiError['headers'] = hasAuthFile ? { 'www-authenticate': challenge(headers) } : {};
    const refuse = (message: string) => new ApiError('unauthenticated', message, [], extra);
    if (shown.kind === 'other') {
      throw refuse('the Authorization header is neither Basic with name:password nor Bearer with a token');
    }
    if (!hasAuthFile) {
      throw refuse('credentials cannot be checked: start maglevd with --auth-file, or leave them out');
    }
    const role = await roleOf(shown.login, base.address);
    if (role !== undefined && shown.login) return { ...base, role, user: shown.login.name };
    // A name that is not known may be a password in the wrong field.
    const { kind, login } = shown;
    const known = kind === 'password' ? credentials().passwords : credentials().tokens;
    const user = login && known.has(login.name) ? { user: login.name } : {};
    log.warn('login-refused', { kind, ...user, address: base.address, requestId });
    throw refuse(shown.kind === 'password' ? 'wrong name or password' : 'unknown token');
  };
}

function peerAddress({ kind, address }: Connection): string {
  return kind === 'unix' ? 'unix' : (canonicalAddress(address) ?? address);
}

function isLocal(connection: Connection): boolean {
  return connection.kind === 'unix' || isLoopback(peerAddress(connection));
}

function tooManyFailures(address: string, waitMs: number): ApiError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  const message = `too many wrong credentials from ${address}: ask again in ${seconds} s`;
  return new ApiError('resource_exhausted', message, [], { 'retry-after': String(seconds) });
}

/** The role of a verified certificate. Without any entry for certificates, each is an operator's. */
function certificateRole(name: string, { certificates }: Credentials): Role {
  return certificates.get(name) ?? (certificates.size === 0 ? 'operator' : 'viewer');
}

/** Whoever signed the certificate could have put anything in its name; it goes into logs and overrides. */
function shorten(name: string): string {
  return name.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, certificateNameLengthMax);
}

/** What was shown; a token without `login` is none of ours. */
type Shown =
  | { readonly kind: 'password' | 'token'; readonly login?: Login }
  | { readonly kind: 'other'; readonly login?: undefined };

function readLogin({ headers, password }: Visit): Shown | undefined {
  if (password !== undefined) return { kind: 'password', login: { kind: 'password', ...password } };
  const authorization = headers['authorization'];
  if (authorization === undefined) return undefined;
  const token =
    typeof authorization === 'string' ? /^bearer +([\w.~+/-]+=*)$/i.exec(authorization)?.[1] : undefined;
  if (token === undefined) return { kind: 'other' };
  const name = tokenName(token);
  return name === undefined
    ? { kind: 'token' }
    : { kind: 'token', login: { kind: 'token', name, secret: token } };
}

/**
 * Whether a browser sends this for a page whose host is not this machine by its name: a name that is made to
 * point at 127.0.0.1 (DNS rebinding) passes for the same origin, and its page would act as our operator.
 */
function isForeignPage(headers: RequestHeaders, hostname: string): boolean {
  const isBrowser = Object.keys(headers).some((name) => name === 'origin' || name.startsWith('sec-fetch-'));
  return isBrowser && !isLocalName(hostOf(headers), hostname.toLowerCase());
}

/** An address as host cannot be rebound. */
function isLocalName(host: string | undefined, hostname: string): boolean {
  if (host === undefined || !URL.canParse(`http://${host}`)) return false;
  const name = new URL(`http://${host}`).hostname.replace(/\.$/, '');
  if (name.startsWith('[') || isIP(name) !== 0) return true;
  const ownNames = ['localhost', hostname, hostname.split('.', 1)[0]];
  return ownNames.includes(name) || name.endsWith('.localhost');
}

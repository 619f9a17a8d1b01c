// Who may change things from a page: HTTP Basic (RFC 7617) against the one name and password that the
// dashboard was given. It must not know what is changed.
import { createHash, timingSafeEqual } from 'node:crypto';
import basicAuth from '@fastify/basic-auth';
import type { Clock } from '@vpp-maglev/server/clock';
import { ApiError } from '@vpp-maglev/server/errors';
import type { Log } from '@vpp-maglev/server/log';
import { createLoginThrottle } from '@vpp-maglev/server/login-throttle';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export interface AdminAccessOptions {
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn'>;
  readonly addressOf: (request: FastifyRequest) => string;
}

const realm = 'maglevd dashboard';
const digestOf = (text: string) => createHash('sha256').update(text).digest();

/** Every route that is added to the scope afterwards asks for the credentials. */
export async function guardAdmin(scope: FastifyInstance, options: AdminAccessOptions): Promise<void> {
  const { clock, log, addressOf } = options;
  const isRight = createCheck(options.credentials);
  const throttle = createLoginThrottle();
  await scope.register(basicAuth, {
    async validate(user: string, password: string, request: FastifyRequest) {
      const address = addressOf(request);
      const attempt = throttle.begin(address, clock.nowMs());
      if (attempt.t === 'wait') throw tooMany(address, attempt.waitMs);
      const failed = !isRight(user, password);
      attempt.end(failed);
      if (!failed) return;
      log.warn('login-refused', { kind: 'dashboard', address, requestId: request.id });
      throw new ApiError('unauthenticated', 'wrong name or password', [], challenge(request));
    },
  });
  scope.addHook('onRequest', authenticate);
}

/** As the plugin asks, but told in our words, and with our challenge. */
async function authenticate(this: FastifyInstance, request: FastifyRequest, reply: FastifyReply) {
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  this.basicAuth(request, reply, (error?: Error) => resolve(error));
  const failure = await promise;
  if (failure === undefined) return;
  if (failure instanceof ApiError) throw failure;
  const message = 'this page needs a name and a password (HTTP Basic)';
  throw new ApiError('unauthenticated', message, [], challenge(request));
}

/** Digests are of one length, so that the comparison takes the same time for every guess. */
function createCheck(credentials: Credentials): (user: string, password: string) => boolean {
  const userDigest = digestOf(credentials.user);
  const passwordDigest = digestOf(credentials.password);
  return (user, password) => {
    const isUser = timingSafeEqual(digestOf(user), userDigest);
    const isPassword = timingSafeEqual(digestOf(password), passwordDigest);
    return isUser && isPassword;
  };
}

/**
 * Only somebody who opens a page is asked: the browser would put its dialog between a page and its
 * requests.
 */
function challenge({ headers }: FastifyRequest): Readonly<Record<string, string>> {
  const mode = headers['sec-fetch-mode'];
  if (mode !== undefined && mode !== 'navigate') return {};
  return { 'www-authenticate': `Basic realm="${realm}", charset="UTF-8"` };
}

function tooMany(address: string, waitMs: number): ApiError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  const message = `too many wrong credentials from ${address}: ask again in ${seconds} s`;
  return new ApiError('resource_exhausted', message, [], { 'retry-after': String(seconds) });
}

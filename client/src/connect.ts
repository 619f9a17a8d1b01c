// The daemon as the flags and the environment name it: address, credentials, certificates. Reads the few
// files that they name.
import { readFileSync, statSync } from 'node:fs';
import type { Api } from './api/api.ts';
import type { ApiOptions } from './api/grpc.ts';
import { askVersion } from './api/quick-version.ts';
import type { Calls } from './api/shapes.ts';
import { defaultServer, parseTarget } from './api/target.ts';
import type { Flags } from './flags.ts';
import { callMsDefault, connectMsMax, tokenBytesMax } from './limits.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The flags or the environment ask for something that cannot be. */
export class UsageError extends Error {}
export const isUsageError = (error: unknown): error is UsageError => error instanceof UsageError;

export function apiOptionsOf(flags: Flags, environment: Environment): ApiOptions {
  const server = flags.server ?? (environment['MAGLEV_SERVER'] || defaultServer);
  const target = parseTarget(server);
  if ('refusal' in target) throw new UsageError(`server "${server}": ${target.refusal}`);
  const authorization = authorizationOf(flags, environment);
  const read = (path: string | undefined) => (path === undefined ? undefined : readText(path));
  const [ca, cert, key] = [read(flags.ca), read(flags.cert), read(flags.key)];
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--cert and --key go together');
  const isTls = target.kind === 'tcp' && target.isTls;
  if (!isTls && (ca !== undefined || cert !== undefined)) {
    throw new UsageError(`--ca, --cert and --key need TLS: write the server as https://${server}`);
  }
  return {
    server,
    target,
    tls: { ...(ca !== undefined && { ca }), ...(cert !== undefined && key !== undefined && { cert, key }) },
    ...(authorization !== undefined && { authorization }),
    timeoutMs: flags.timeoutSeconds === undefined ? callMsDefault : flags.timeoutSeconds * 1000,
  };
}

/** A token goes before a user: it is asked for by a flag of its own. */
function authorizationOf(flags: Flags, environment: Environment): string | undefined {
  if (flags.tokenFile !== undefined) {
    if (flags.user !== undefined) throw new UsageError('--user and --token-file: choose one');
    if (statSync(flags.tokenFile, { throwIfNoEntry: false })?.isDirectory()) {
      throw new UsageError(`${flags.tokenFile} is a directory`);
    }
    const token = readText(flags.tokenFile).trim();
    if (!/^[\x21-\x7e]+$/.test(token) || token.length > tokenBytesMax) {
      throw new UsageError(`${flags.tokenFile} holds no token: one line of printable ASCII`);
    }
    return `Bearer ${token}`;
  }
  const user = flags.user ?? (environment['MAGLEV_USER'] || undefined);
  if (user === undefined) return undefined;
  const password = environment['MAGLEV_PASSWORD'];
  if (password === undefined) {
    throw new UsageError(`user ${user}: put the password into MAGLEV_PASSWORD`);
  }
  if (user.includes(':')) throw new UsageError('a user name has no colon');
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'this user may not read it' : message;
    throw new UsageError(`${path}: ${why}`);
  }
}

/** Nothing of gRPC is loaded before the first question: help and refusals do not wait for it. */
export function createLazyApi(options: ApiOptions): Api {
  let api: Promise<Api> | undefined;
  const load = () => {
    api ??= import('./api/grpc.ts').then(({ createGrpcApi }) => createGrpcApi(options));
    return api;
  };
  let early: ReturnType<typeof askVersion> | undefined;
  const askEarly = () => askVersion(options, Math.min(connectMsMax, options.timeoutMs));
  return {
    server: options.server,
    async prepare() {
      early = askEarly();
      // Whoever calls hears of a failure.
      await early.catch(() => undefined);
    },
    async call(name, request, signal) {
      if (name === 'GetVersion' && api === undefined) {
        const { answer } = await (early ?? askEarly());
        early = undefined;
        const body = await answer;
        if (body !== undefined) return body as Calls[typeof name][1];
      }
      return (await load()).call(name, request, signal);
    },
    async *watch(request, signal) {
      yield* (await load()).watch(request, signal);
    },
    close: () => void api?.then((opened) => opened.close()),
  };
}

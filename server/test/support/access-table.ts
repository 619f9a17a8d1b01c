// Everybody who may come to the API, and what each is told: held against identify and requireRole by their
// unit test, and against the running server over REST and gRPC. It must not know either.
import { scryptSync } from 'node:crypto';
import { formatSecretHash, formatToken, scryptOptions } from '../../src/api/credentials.ts';
import type { ErrorCode } from '../../src/api/errors.ts';

/** Cheap, or a table of these would take minutes. */
const cost = { logCost: 10, blockSize: 8, parallelism: 1 };

/** An entry of an auth file for a password or token. */
export function authLine(name: string, role: string, kind: 'password' | 'token', secret: string): string {
  const salt = Buffer.from(`salt of ${name}`.padEnd(16));
  const hash = scryptSync(secret, salt, 32, scryptOptions(cost));
  return `${name} ${role} ${kind} ${formatSecretHash({ ...cost, salt, hash })}\n`;
}

export const tokens = {
  operator: formatToken('deploy', Buffer.alloc(32, 1)),
  viewer: formatToken('scrape', Buffer.alloc(32, 2)),
  unknown: formatToken('nobody', Buffer.alloc(32, 3)),
  wrong: formatToken('deploy', Buffer.alloc(32, 4)),
};

export const authFileText = [
  '# made by a test\n',
  authLine('alice', 'operator', 'password', 'pässword: with colon'),
  authLine('bob', 'viewer', 'password', 'bobs'),
  authLine('deploy', 'operator', 'token', tokens.operator),
  authLine('scrape', 'viewer', 'token', tokens.viewer),
  'ops.example operator certificate\n',
  'grafana.example viewer certificate # reads only\n',
].join('');

export const basic = (name: string, secret: string): string =>
  `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;

/** Where a request comes from. */
export type Origin = 'local' | 'unix' | 'remote' | 'trusted-proxy' | 'local-trusted-proxy';

export const addresses: Readonly<Record<Origin, string>> = {
  local: '127.0.0.1',
  unix: 'unix',
  remote: '192.0.2.7',
  'trusted-proxy': '192.0.2.80',
  'local-trusted-proxy': '127.0.0.80',
};
export const trustedProxiesText = '192.0.2.80, 127.0.0.80';

export interface Visitor {
  readonly name: string;
  readonly from: Origin;
  /** `host` is filled in where it is not given. */
  readonly headers: Readonly<Record<string, string>>;
  readonly certificate?: string;
  /** Whether there is an auth file; given where it is not. */
  readonly hasAuthFile?: false;
  /** Answer to a read, and to a change. */
  readonly read: 'ok' | ErrorCode;
  readonly change: 'ok' | ErrorCode;
  /** Address and user as the audit names them; the address as in `addresses` unless given. */
  readonly address?: string;
  readonly user?: string;
}

const operator = { read: 'ok', change: 'ok' } as const;
const viewer = { read: 'ok', change: 'permission_denied' } as const;
/** Could show something, and has not. */
const anonymous = { read: 'ok', change: 'unauthenticated' } as const;
const wrong = { read: 'unauthenticated', change: 'unauthenticated' } as const;
const alice = basic('alice', 'pässword: with colon');

const local: readonly Visitor[] = [
  { name: 'loopback', from: 'local', headers: {}, ...operator },
  { name: 'loopback, no auth file', from: 'local', headers: {}, hasAuthFile: false, ...operator },
  { name: 'unix socket', from: 'unix', headers: {}, ...operator },
  {
    name: 'loopback, wrong password',
    from: 'local',
    headers: { authorization: basic('alice', 'x') },
    ...wrong,
  },
  {
    name: 'loopback, viewer password',
    from: 'local',
    headers: { authorization: basic('bob', 'bobs') },
    user: 'bob',
    ...viewer,
  },
  {
    name: 'loopback, a password without an auth file',
    from: 'local',
    headers: { authorization: alice },
    hasAuthFile: false,
    ...wrong,
  },
];

const remote: readonly Visitor[] = [
  { name: 'remote', from: 'remote', headers: {}, ...anonymous },
  { name: 'remote, no auth file', from: 'remote', headers: {}, hasAuthFile: false, ...viewer },
  { name: 'wrong password', from: 'remote', headers: { authorization: basic('alice', 'x') }, ...wrong },
  { name: 'unknown user', from: 'remote', headers: { authorization: basic('eve', 'x') }, ...wrong },
  { name: 'no base64', from: 'remote', headers: { authorization: 'Basic %' }, ...wrong },
  { name: 'no colon', from: 'remote', headers: { authorization: 'Basic YWxpY2U=' }, ...wrong },
  { name: 'another scheme', from: 'remote', headers: { authorization: 'Digest abc' }, ...wrong },
  {
    name: 'viewer password',
    from: 'remote',
    headers: { authorization: basic('bob', 'bobs') },
    user: 'bob',
    ...viewer,
  },
  {
    name: 'operator password',
    from: 'remote',
    headers: { authorization: alice },
    user: 'alice',
    ...operator,
  },
  {
    name: 'operator token',
    from: 'remote',
    headers: { authorization: `bearer ${tokens.operator}` },
    user: 'deploy',
    ...operator,
  },
  {
    name: 'viewer token',
    from: 'remote',
    headers: { authorization: `Bearer ${tokens.viewer}` },
    user: 'scrape',
    ...viewer,
  },
  { name: 'unknown token', from: 'remote', headers: { authorization: `Bearer ${tokens.unknown}` }, ...wrong },
  { name: 'wrong token', from: 'remote', headers: { authorization: `Bearer ${tokens.wrong}` }, ...wrong },
  { name: 'no token of ours', from: 'remote', headers: { authorization: 'Bearer abc' }, ...wrong },
  {
    name: 'a token as password',
    from: 'remote',
    headers: { authorization: basic('deploy', tokens.operator) },
    ...wrong,
  },
];

const certificates: readonly Visitor[] = [
  {
    name: 'operator certificate',
    from: 'remote',
    headers: {},
    certificate: 'ops.example',
    user: 'ops.example',
    ...operator,
  },
  {
    name: 'viewer certificate',
    from: 'remote',
    headers: {},
    certificate: 'grafana.example',
    user: 'grafana.example',
    ...viewer,
  },
  {
    name: 'certificate without an entry',
    from: 'remote',
    headers: {},
    certificate: 'other.example',
    user: 'other.example',
    ...viewer,
  },
  {
    name: 'certificate, no entries at all',
    from: 'remote',
    headers: {},
    hasAuthFile: false,
    certificate: 'other.example',
    user: 'other.example',
    ...operator,
  },
  {
    name: 'certificate and a wrong password',
    from: 'remote',
    headers: { authorization: basic('alice', 'x') },
    certificate: 'ops.example',
    ...wrong,
  },
  {
    name: "the proxy's certificate",
    from: 'trusted-proxy',
    headers: { 'x-forwarded-for': '198.51.100.1' },
    certificate: 'ops.example',
    address: '198.51.100.1',
    ...anonymous,
  },
];

const proxied: readonly Visitor[] = [
  {
    name: 'forged X-Forwarded-For',
    from: 'remote',
    headers: { 'x-forwarded-for': '127.0.0.1' },
    ...anonymous,
  },
  {
    name: 'forged X-Forwarded-For, no auth file',
    from: 'remote',
    headers: { 'x-forwarded-for': '127.0.0.1', 'x-real-ip': '127.0.0.1', forwarded: 'for=127.0.0.1' },
    hasAuthFile: false,
    ...viewer,
  },
  {
    name: 'forged through a trusted proxy',
    from: 'trusted-proxy',
    headers: { 'x-forwarded-for': '127.0.0.1, 198.51.100.1' },
    address: '198.51.100.1',
    ...anonymous,
  },
  {
    name: 'a trusted proxy says loopback',
    from: 'trusted-proxy',
    headers: { 'x-forwarded-for': '127.0.0.1' },
    address: '127.0.0.1',
    ...anonymous,
  },
  {
    name: 'trusted proxy, operator password',
    from: 'trusted-proxy',
    headers: { 'x-forwarded-for': '2001:DB8:0::1', authorization: alice },
    address: '2001:db8::1',
    user: 'alice',
    ...operator,
  },
  { name: 'local trusted proxy that adds nothing', from: 'local-trusted-proxy', headers: {}, ...anonymous },
  ...['x-forwarded-for', 'forwarded', 'x-real-ip', 'via', 'x-forwarded-host'].map(
    (header): Visitor => ({
      name: `proxied loopback (${header})`,
      from: 'local',
      headers: { [header]: '198.51.100.1' },
      ...anonymous,
    }),
  ),
  { name: 'proxied unix socket', from: 'unix', headers: { via: '1.1 proxy' }, ...anonymous },
];

const evil = { host: 'evil.example:9090', origin: 'http://evil.example:9090' };
const own = { host: 'localhost:9090', origin: 'http://localhost:9090' };

const browsers: readonly Visitor[] = [
  { name: 'own page', from: 'local', headers: { ...own, 'sec-fetch-site': 'same-origin' }, ...operator },
  {
    name: 'own page by address',
    from: 'local',
    headers: { host: '[::1]:9090', origin: 'http://[::1]:9090', 'sec-fetch-site': 'same-origin' },
    ...operator,
  },
  {
    name: 'own page by the name of this machine',
    from: 'local',
    headers: { host: 'MAGLEV1:9090', origin: 'http://maglev1:9090' },
    ...operator,
  },
  { name: 'address line', from: 'local', headers: { host: own.host, 'sec-fetch-site': 'none' }, ...operator },
  {
    name: 'page of another site',
    from: 'local',
    headers: { ...own, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    ...viewer,
  },
  {
    name: 'page of another site, old browser',
    from: 'local',
    headers: { ...own, origin: 'https://evil.example' },
    ...viewer,
  },
  {
    name: 'page of another port',
    from: 'local',
    headers: { ...own, origin: 'http://localhost:1' },
    ...viewer,
  },
  { name: 'sandboxed page', from: 'local', headers: { ...own, origin: 'null' }, ...viewer },
  { name: 'sibling site', from: 'local', headers: { ...own, 'sec-fetch-site': 'same-site' }, ...viewer },
  {
    name: 'page of another site with the password that the browser keeps',
    from: 'remote',
    headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', authorization: alice },
    user: 'alice',
    ...viewer,
  },
  {
    name: 'own page from afar with a password',
    from: 'remote',
    headers: {
      host: 'lb.example:9090',
      origin: 'http://lb.example:9090',
      'sec-fetch-site': 'same-origin',
      authorization: alice,
    },
    user: 'alice',
    ...operator,
  },
  { name: 'DNS rebinding', from: 'local', headers: evil, ...anonymous },
  {
    name: 'DNS rebinding, new browser',
    from: 'local',
    headers: { ...evil, 'sec-fetch-site': 'same-origin' },
    ...anonymous,
  },
  { name: 'DNS rebinding, no auth file', from: 'local', headers: evil, hasAuthFile: false, ...viewer },
  {
    name: 'DNS rebinding to a name like ours',
    from: 'local',
    headers: { host: 'localhost.evil.example', origin: 'http://localhost.evil.example' },
    ...anonymous,
  },
];

export const thisHostname = 'maglev1.example';
export const visitors: readonly Visitor[] = [...local, ...remote, ...certificates, ...proxied, ...browsers];

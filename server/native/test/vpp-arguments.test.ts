// The addon's functions for VPP with arguments that native.ts would never let through: no crash, no leak.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { addonPath, openDescriptors } from '../../test/support/addon.ts';

type Call = (...args: unknown[]) => unknown;
const binding = createRequire(import.meta.url)(addonPath) as Readonly<Record<string, Call>>;

function call(name: string, ...args: unknown[]): unknown {
  return (binding[name] as Call)(...args);
}

const folder = mkdtempSync(join(tmpdir(), 'maglev-vpp-'));
const [apiPath, statsPath] = [join(folder, 'api.sock'), join(folder, 'stats.sock')];
const server = createServer((socket) => socket.on('error', () => undefined).resume());
let statsServer: unknown;

before(async () => {
  server.listen(apiPath);
  await once(server, 'listening');
  statsServer = call('statsServe', statsPath, 4096);
});
after(() => {
  server.close();
  call('statsServerClose', statsServer);
  rmSync(folder, { recursive: true });
});

const ignore = () => undefined;
const transports: unknown[] = [];
function openTransport(): unknown {
  const handle = call('vppOpen', apiPath, 1000, 1000, ignore, ignore);
  transports.push(handle);
  return handle;
}

function openMapping(): Promise<unknown> {
  return new Promise((resolve) => {
    call('statsOpen', statsPath, 5000, 2 ** 30, (_: unknown, handle: unknown) => resolve(handle));
  });
}

const nonsense: readonly unknown[] = [
  undefined,
  null,
  true,
  '',
  'a\0b',
  'x'.repeat(10_000),
  -1,
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 53,
  10n,
  -(2n ** 70n),
  Symbol('x'),
  {},
  [],
  [new Uint8Array(0)],
  [new Uint8Array(5), 7, undefined],
  new Array(100),
  ignore,
  new Uint8Array(0),
  new Uint8Array(7),
  new Float64Array(7),
  new Proxy({}, {}),
  Object.create(null),
];

/**
 * Accepts what the operating system refuses, TypeErrors and RangeErrors; closes what was opened all the
 * same.
 */
function callWithNonsense(name: string, args: readonly unknown[]): void {
  try {
    const result = call(name, ...args);
    if (name === 'vppOpen') call('vppClose', result);
    if (name === 'statsServe') call('statsServerClose', result);
  } catch (error) {
    const { syscall } = error as NodeJS.ErrnoException;
    const isExpected = error instanceof TypeError || error instanceof RangeError || syscall !== undefined;
    assert.ok(isExpected, `${name}: ${String(error)}`);
  }
}

test('every argument of every function takes any nonsense without a crash or a leak', async () => {
  const mapping = await openMapping();
  const good: Readonly<Record<string, () => unknown[]>> = {
    vppOpen: () => [apiPath, 1000, 1000, ignore, ignore],
    vppSend: () => [openTransport(), [new Uint8Array(8)]],
    vppPending: () => [openTransport()],
    vppClose: () => [openTransport()],
    statsOpen: () => [join(folder, 'absent'), 10, 4096, ignore],
    statsSize: () => [mapping],
    statsHeader: () => [mapping],
    statsRead: () => [mapping, 0, 8],
    statsServe: () => [join(folder, 'other.sock'), 4096],
    statsWrite: () => [statsServer, 0, new Uint8Array(8)],
    statsWriteU64: () => [statsServer, 0, 1n],
    statsServerClose: () => [{}],
  };
  const count = openDescriptors().length;
  for (const [name, args] of Object.entries(good)) {
    for (let index = 0; index < args().length; index += 1) {
      for (const value of [...nonsense, mapping, statsServer]) {
        if (name === 'statsServerClose' && value === statsServer) continue;
        callWithNonsense(name, args().with(index, value));
        for (const handle of transports.splice(0)) call('vppClose', handle);
      }
    }
    callWithNonsense(name, []);
    callWithNonsense(name, [...args(), 'one too many']);
    for (const handle of transports.splice(0)) call('vppClose', handle);
  }
  // The server lets go of what was closed, and the openings under way find nobody.
  while (openDescriptors().length > count) await new Promise((resolve) => setImmediate(resolve));
  call('statsClose', mapping);
});

test('wrong arguments are TypeErrors that name the argument', async () => {
  const mapping = await openMapping();
  const cases: readonly [string, unknown[], RegExp][] = [
    ['vppOpen', ['', 1, 1, ignore, ignore], /path/],
    ['vppOpen', [apiPath, 0, 1, ignore, ignore], /messageBytesMax/],
    ['vppOpen', [apiPath, 1, 2 ** 31, ignore, ignore], /outgoingBytesMax/],
    ['vppOpen', [apiPath, 1, 1, 'x', ignore], /onFrames/],
    ['vppOpen', [apiPath, 1, 1, ignore, undefined], /onClosed/],
    ['vppSend', [mapping, []], /handle must come from vppOpen/],
    ['vppSend', [openTransport(), new Uint8Array(3)], /messages/],
    ['vppSend', [openTransport(), [new Uint8Array(0)]], /not empty/],
    ['statsRead', [statsServer, 0, 1], /handle must come from statsOpen/],
    ['statsWrite', [mapping, 0, new Uint8Array(1)], /handle must come from statsServe/],
    ['statsServe', [join(folder, 'x'), 39], /at least 40/],
    ['statsOpen', [statsPath, 60_001, 4096, ignore], /timeoutMs/],
  ];
  for (const [name, args, message] of cases) {
    assert.throws(() => call(name, ...args), { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE', message });
  }
  for (const handle of transports.splice(0)) call('vppClose', handle);
});

test('a segment above the maximum is refused', async () => {
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => {
    call('statsOpen', statsPath, 5000, 4095, (refusal: NodeJS.ErrnoException) => resolve(refusal));
  });
  assert.deepEqual([error.code, error.syscall], ['EFBIG', 'fstat']);
});

test('an array that closes the transport while it is read does no harm', () => {
  const handle = openTransport();
  const messages = [new Uint8Array(8), new Uint8Array(8), new Uint8Array(8)];
  Object.defineProperty(messages, 1, {
    get: () => {
      call('vppClose', handle);
      return new Uint8Array(8);
    },
  });
  call('vppSend', handle, messages);
  assert.equal(call('vppPending', handle), 0);
  transports.length = 0;
});

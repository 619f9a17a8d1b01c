// The addon's own checks: native.ts never sends these, but nothing that JavaScript sends may crash the
// process.
import assert from 'node:assert/strict';
import { closeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { addonPath, openDescriptors, rawSocketSkip } from '../../test/support/addon.ts';

type Call = (...args: unknown[]) => unknown;
interface RawBinding {
  readonly [name: string]: Call | number;
}
const binding = createRequire(import.meta.url)(addonPath) as RawBinding;
const skip = rawSocketSkip();

function call(name: string, ...args: unknown[]): unknown {
  return (binding[name] as Call)(...args);
}
const { AF_INET, AF_INET6, SOCK_STREAM, SOCK_RAW, IPPROTO_ICMP, ICMP_BATCH_MAX } = binding;

const nonsense: readonly unknown[] = [
  undefined,
  null,
  true,
  '',
  'x',
  'a\0b',
  'x'.repeat(10_000),
  -1,
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 53,
  10n,
  Symbol('x'),
  {},
  [],
  () => 1,
  new Uint8Array(0),
  new Uint8Array(7),
  new Uint32Array(7),
  new Float64Array(7),
  new DataView(new ArrayBuffer(8)),
  new Proxy({}, {}),
  Object.create(null),
];

/**
 * Accepts what the operating system refuses, and TypeErrors; a descriptor that was opened all the same is
 * closed.
 */
function callWithNonsense(name: string, args: readonly unknown[]): void {
  try {
    const result = call(name, ...args);
    if (name === 'openSocket') closeSync(result as number);
    if (name === 'icmpOpen') call('icmpClose', result);
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    assert.ok(error instanceof TypeError || syscall !== undefined, `${name}: ${String(error)} (${code})`);
  }
}

const good: Readonly<Record<string, () => unknown[]>> = {
  openSocket: () => [AF_INET, SOCK_STREAM, 0, '/proc/self/ns/net', '127.0.0.1'],
  icmpOpen: () => [
    AF_INET,
    SOCK_RAW,
    IPPROTO_ICMP,
    undefined,
    '127.0.0.1',
    7,
    4096,
    ...buffers(),
    () => undefined,
  ],
  icmpSend: () => [openIcmp(), '127.0.0.1', new Uint8Array(8)],
  icmpRenewSender: () => [openIcmp()],
  icmpDropped: () => [openIcmp()],
  icmpClose: () => [openIcmp()],
  notifySend: () => ['/nowhere/notify.sock', 'READY=1'],
};

function buffers(): [Uint8Array, Uint32Array] {
  return [new Uint8Array((ICMP_BATCH_MAX as number) * 64), new Uint32Array(ICMP_BATCH_MAX as number)];
}

const opened: unknown[] = [];
function openIcmp(): unknown {
  const handle = call('icmpOpen', ...(good['icmpOpen']?.() ?? []));
  opened.push(handle);
  return handle;
}

test('every argument of every function takes any nonsense without a crash or a leak', { skip }, () => {
  const before = openDescriptors().length;
  for (const [name, args] of Object.entries(good)) {
    for (let index = 0; index < args().length; index += 1) {
      for (const value of nonsense) {
        callWithNonsense(name, args().with(index, value));
        for (const handle of opened.splice(0)) call('icmpClose', handle);
      }
    }
    callWithNonsense(name, []);
    callWithNonsense(name, [...args(), 'one too many', 'and another']);
    for (const handle of opened.splice(0)) call('icmpClose', handle);
  }
  // One more: the thread's own namespace, kept since a namespace was entered.
  assert.equal(openDescriptors().length - before, 1);
});

test('wrong arguments are TypeErrors that name the argument', { skip }, () => {
  const cases: readonly [string, unknown[], RegExp][] = [
    ['openSocket', ['x', 0, 0, undefined, undefined], /family/],
    ['openSocket', [AF_INET, SOCK_STREAM, 256, undefined, undefined], /protocol/],
    ['openSocket', [AF_INET, SOCK_STREAM, 0, 'a\0b', undefined], /netns path/],
    ['openSocket', [AF_INET, SOCK_STREAM, 0, undefined, '::1'], /source/],
    ['openSocket', [AF_INET6, SOCK_STREAM, 0, undefined, '127.0.0.1'], /source/],
    ['openSocket', [AF_INET6, SOCK_STREAM, 0, undefined, 'fe80::1%lo'], /source/],
    ['openSocket', [], /number of arguments/],
    ['icmpSend', [{}, '127.0.0.1', new Uint8Array(8)], /handle/],
    ['icmpSend', [openIcmp(), '::1', new Uint8Array(8)], /address/],
    ['icmpSend', [openIcmp(), '127.0.0.1', new Uint16Array(8)], /message/],
  ];
  for (const [name, args, message] of cases) {
    assert.throws(() => call(name, ...args), { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE', message });
  }
  for (const handle of opened.splice(0)) call('icmpClose', handle);
});

test('slots that do not fit the packets are refused', { skip }, () => {
  const open = (packets: unknown, lengths: unknown) => {
    const args = good['icmpOpen']?.() ?? [];
    return () => call('icmpOpen', ...args.with(7, packets).with(8, lengths));
  };
  const tooMany = (ICMP_BATCH_MAX as number) + 1;
  assert.throws(open(new Uint8Array(tooMany * 64), new Uint32Array(tooMany)), TypeError);
  assert.throws(open(new Uint8Array(4), new Uint32Array(5)), TypeError);
  assert.throws(open(new Uint8Array(4), new Uint32Array(0)), TypeError);
  assert.throws(open(new Uint8Array(4), new Int32Array(1)), TypeError);
});

test('a closed handle answers, and closing again does nothing', { skip }, () => {
  const handle = openIcmp();
  call('icmpClose', handle);
  call('icmpClose', handle);
  call('icmpRenewSender', handle);
  assert.notEqual(call('icmpSend', handle, '127.0.0.1', new Uint8Array(8)), 0);
  assert.equal(call('icmpDropped', handle), -1);
});

test('an external of another kind is not taken for a handle', { skip }, () => {
  // A second loading has tags of the same value and handles of its own; an object with the tag's looks has
  // none.
  for (const fake of [Object.create({}), new Proxy(openIcmp() as object, {})]) {
    assert.throws(() => call('icmpClose', fake), TypeError);
  }
  for (const handle of opened.splice(0)) call('icmpClose', handle);
});

// The addon's own checks: native.ts never sends these, but nothing that JavaScript sends may crash the
// process.
import assert from 'node:assert/strict';
import { closeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { addonPath, openDescriptors } from '../../test/support/addon.ts';

type Call = (...args: unknown[]) => unknown;
interface RawBinding {
  readonly [name: string]: Call | number;
}
const binding = createRequire(import.meta.url)(addonPath) as RawBinding;

function call(name: string, ...args: unknown[]): unknown {
  return (binding[name] as Call)(...args);
}
const { AF_INET, AF_INET6, SOCK_STREAM } = binding;

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
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    assert.ok(error instanceof TypeError || syscall !== undefined, `${name}: ${String(error)} (${code})`);
  }
}

const good: Readonly<Record<string, () => unknown[]>> = {
  openSocket: () => [AF_INET, SOCK_STREAM, 0, '/proc/self/ns/net', '127.0.0.1'],
  notifySend: () => ['/nowhere/notify.sock', 'READY=1'],
};

test('every argument of every function takes any nonsense without a crash or a leak', () => {
  const before = openDescriptors().length;
  for (const [name, args] of Object.entries(good)) {
    for (let index = 0; index < args().length; index += 1) {
      for (const value of nonsense) {
        callWithNonsense(name, args().with(index, value));
      }
    }
    callWithNonsense(name, []);
    callWithNonsense(name, [...args(), 'one too many', 'and another']);
  }
  // One more: the thread's own namespace, kept since a namespace was entered.
  assert.equal(openDescriptors().length - before, 1);
});

test('wrong arguments are TypeErrors that name the argument', () => {
  const cases: readonly [string, unknown[], RegExp][] = [
    ['openSocket', ['x', 0, 0, undefined, undefined], /family/],
    ['openSocket', [AF_INET, SOCK_STREAM, 256, undefined, undefined], /protocol/],
    ['openSocket', [AF_INET, SOCK_STREAM, 0, 'a\0b', undefined], /netns path/],
    ['openSocket', [AF_INET, SOCK_STREAM, 0, undefined, '::1'], /source/],
    ['openSocket', [AF_INET6, SOCK_STREAM, 0, undefined, '127.0.0.1'], /source/],
    ['openSocket', [AF_INET6, SOCK_STREAM, 0, undefined, 'fe80::1%lo'], /source/],
    ['openSocket', [], /number of arguments/],
  ];
  for (const [name, args, message] of cases) {
    assert.throws(() => call(name, ...args), { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE', message });
  }
});

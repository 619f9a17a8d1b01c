// The probe engine's functions with arguments that native-engine.ts would never let through: refused in plain
// words, no crash, no leak.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { addonPath, ignore, openDescriptors, threadCount } from '../../test/support/addon.ts';

type Call = (...args: unknown[]) => unknown;
const binding = createRequire(import.meta.url)(addonPath) as Readonly<Record<string, Call>>;
const AF_INET = Number(binding['AF_INET']);
const words = Number(binding['PROBE_REPORT_WORDS']);
const times = Number(binding['PROBE_REPORT_TIMES']);
const chunk = Number(binding['PROBE_CHUNK_BYTES']);

function call(name: string, ...args: unknown[]): unknown {
  return (binding[name] as Call)(...args);
}

const goodOpen = (): unknown[] => {
  const arrays = [new Int32Array(2 * words), new Float64Array(2 * times), new Uint8Array(chunk)];
  return [undefined, 4, chunk, 100_000, 1, 20, 10, 4096, 4096, ...arrays, ignore];
};
const goodRecord = (): unknown[] => [AF_INET, '127.0.0.1', 9, undefined, new Uint8Array(5)];
const goodEchoRecord = (): unknown[] => [AF_INET, '127.0.0.1', undefined, 7, new Uint8Array(8)];
const open = () => call('engineOpen', ...goodOpen());
const record = (slot: number, generation = 1) => {
  const made = call('engineRecord', ...goodRecord()) as Uint8Array<ArrayBuffer>;
  new Uint32Array(made.buffer).set([slot, generation]);
  return made;
};

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
  Symbol('x'),
  {},
  [],
  ignore,
  new Uint8Array(0),
  new Uint8Array(7),
  new Float64Array(7),
  new Int32Array(0),
  new Proxy({}, {}),
];

/** Accepts what the operating system refuses and TypeErrors; closes what was opened all the same. */
function callWithNonsense(name: string, args: readonly unknown[]): void {
  try {
    const result = call(name, ...args);
    if (name === 'engineOpen') call('engineClose', result);
  } catch (error) {
    const { syscall } = error as NodeJS.ErrnoException;
    assert.ok(error instanceof TypeError || syscall !== undefined, `${name}: ${String(error)}`);
  }
}

test('every argument of every function takes any nonsense without a crash or a leak', async () => {
  const before = { descriptors: openDescriptors(), threads: threadCount() };
  const engine = open();
  const good: Readonly<Record<string, () => unknown[]>> = {
    engineOpen: goodOpen,
    engineRecord: goodRecord,
    engineEchoRecord: goodEchoRecord,
    engineStart: () => [engine, record(0), record(0).length],
    engineTake: () => [engine],
    engineSettle: () => [engine, 0, 1],
    engineDelay: () => [engine, 0, 1],
    engineLost: () => [engine, 0, 1],
    engineEnd: () => [engine, 0, 1],
    engineEndAll: () => [engine, new Int32Array([0, 1]), 1],
    engineResume: () => [engine, 0, 1],
    engineClose: () => [{}],
    engineSyscalls: () => [],
  };
  for (const [name, args] of Object.entries(good)) {
    for (let index = 0; index < args().length; index += 1) {
      for (const value of nonsense) callWithNonsense(name, args().with(index, value));
    }
    callWithNonsense(name, []);
    callWithNonsense(name, [...args(), 'one too many']);
  }
  call('engineClose', engine);
  while (openDescriptors().length > before.descriptors.length)
    await new Promise((done) => setImmediate(done));
  assert.equal(threadCount(), before.threads);
});

test('wrong arguments are TypeErrors that name the argument', () => {
  const engine = open();
  const cut = record(0);
  const badFamily = record(0);
  badFamily[16] = 77;
  const tooLong = record(0);
  new Uint32Array(tooLong.buffer)[2] = 2 ** 32 - 1;
  const shortEcho = call('engineEchoRecord', ...goodEchoRecord().with(4, new Uint8Array(7))) as Uint8Array;
  const badProtocol = call('engineEchoRecord', ...goodEchoRecord()) as Uint8Array;
  badProtocol[13] = 58;
  const cases: readonly [string, unknown[], RegExp][] = [
    ['engineOpen', goodOpen().with(0, 'a\0b'), /netns path/],
    ['engineOpen', goodOpen().with(1, 0), /slotCount/],
    ['engineOpen', goodOpen().with(2, chunk - 1), /receivedBytesMax/],
    ['engineOpen', goodOpen().with(3, -1), /startedBytesMax/],
    ['engineOpen', goodOpen().with(4, 1001), /wakeDelayMs/],
    ['engineOpen', goodOpen().with(5, 0), /tickMs/],
    ['engineOpen', goodOpen().with(6, -1), /noiseMs/],
    ['engineOpen', goodOpen().with(7, 0), /icmpBufferBytes/],
    ['engineOpen', goodOpen().with(8, 1536), /icmpWaitingBytes/],
    ['engineOpen', goodOpen().with(9, new Int32Array(words)), /words/],
    ['engineOpen', goodOpen().with(10, new Float64Array(1)), /times/],
    ['engineOpen', goodOpen().with(11, new Uint8Array(chunk - 1)), /bytes/],
    ['engineOpen', goodOpen().with(12, 'x'), /onReady/],
    ['engineRecord', goodRecord().with(0, -1), /family/],
    ['engineRecord', goodRecord().with(1, '::1'), /address/],
    ['engineRecord', goodRecord().with(2, 0), /port/],
    ['engineRecord', goodRecord().with(3, 'localhost'), /address/],
    ['engineRecord', goodRecord().with(4, 'GET'), /request/],
    ['engineEchoRecord', goodEchoRecord().with(0, -1), /family/],
    ['engineEchoRecord', goodEchoRecord().with(1, '::1'), /address/],
    ['engineEchoRecord', goodEchoRecord().with(2, '::1'), /address/],
    ['engineEchoRecord', goodEchoRecord().with(3, 65536), /identifier/],
    ['engineEchoRecord', goodEchoRecord().with(4, new Uint16Array(8)), /message/],
    ['engineEchoRecord', goodEchoRecord().with(4, new Uint8Array(65536)), /message is too long/],
    ['engineStart', [engine, shortEcho, shortEcho.length], /records must be whole/],
    ['engineStart', [engine, badProtocol, badProtocol.length], /records must be whole/],
    ['engineStart', [engine, cut, cut.length + 1], /length/],
    ['engineStart', [engine, cut, cut.length - 8], /records must be whole/],
    ['engineStart', [engine, cut, 3], /records must be whole/],
    ['engineStart', [engine, record(4), cut.length], /slots that there are/],
    ['engineStart', [engine, badFamily, cut.length], /records must be whole/],
    ['engineStart', [engine, tooLong, cut.length], /records must be whole/],
    ['engineStart', [{}, cut, cut.length], /handle must come from engineOpen/],
    ['engineEnd', [engine, 4, 1], /slot/],
    ['engineEndAll', [engine, new Uint8Array(8), 1], /runs/],
    ['engineEndAll', [engine, new Int32Array(3), 2], /count/],
    ['engineEndAll', [engine, new Int32Array([4, 1]), 1], /slot/],
    ['engineEndAll', [engine, new Int32Array([-1, 1]), 1], /slot/],
    ['engineSettle', [engine, 0, 2 ** 31], /generation/],
  ];
  for (const [name, args, message] of cases) {
    assert.throws(() => call(name, ...args), { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE', message });
  }
  call('engineClose', engine);
  const closed = { name: 'TypeError', message: /the engine is closed/ };
  assert.throws(() => call('engineTake', engine), closed);
  assert.throws(() => call('engineStart', engine, cut, cut.length), closed);
});

test('arrays that were given away are refused, not written to', () => {
  const arrays = goodOpen();
  const engine = call('engineOpen', ...arrays);
  const bytes = arrays[11] as Uint8Array<ArrayBuffer>;
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  assert.throws(() => call('engineTake', engine), { name: 'TypeError', message: /given away/ });
  call('engineClose', engine);
});

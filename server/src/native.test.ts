// The loader and its checks. What sockets do is tested in native/test and test/integration/native-*.test.ts.
import assert from 'node:assert/strict';
import { closeSync } from 'node:fs';
import { test } from 'node:test';
import { loadTestNative } from '../test/support/addon.ts';
import { isNativeError, loadNative, type OpenSocketOptions } from './native.ts';

const native = loadTestNative();
const stream: OpenSocketOptions = { family: 4, type: 'stream', protocol: 0 };

test('sockets without a namespace and of all plain kinds need no rights', () => {
  for (const family of [4, 6] as const) {
    for (const type of ['stream', 'dgram'] as const) {
      closeSync(native.openSocket({ family, type, protocol: 0 }));
    }
  }
  closeSync(native.openSocket({ ...stream, source: '127.0.0.3' }));
  closeSync(native.openSocket({ ...stream, family: 6, source: '::1' }));
});

test('options that no caller may give are bugs of ours', () => {
  const wrong: readonly Partial<OpenSocketOptions>[] = [
    { protocol: -1 },
    { protocol: 256 },
    { protocol: 0.5 },
    { source: '::1' },
    { source: 'localhost' },
    { family: 6, source: '127.0.0.1' },
    { family: 6, source: 'fe80::1%lo' },
    { netnsPath: 'dataplane' },
    { netnsPath: '' },
  ];
  for (const options of wrong) {
    assert.throws(
      () => native.openSocket({ ...stream, ...options }),
      /assertion failed/,
      JSON.stringify(options),
    );
  }
  for (const identifier of [-1, 65536, 0.5, Number.NaN]) {
    const target = { family: 4, address: '127.0.0.1', identifier, message: new Uint8Array(8) } as const;
    assert.throws(() => native.engineEchoRecord(target), /assertion failed: identifier has 16 bits/);
  }
});

test("the operating system's refusals are told from bugs", () => {
  assert.throws(
    () => native.openSocket({ ...stream, source: '203.0.113.77' }),
    (error) => {
      assert.ok(isNativeError(error));
      const { code, syscall, message } = error;
      assert.deepEqual({ code, syscall }, { code: 'EADDRNOTAVAIL', syscall: 'bind' });
      assert.equal(message, 'bind source 203.0.113.77: address not available');
      return true;
    },
  );
  for (const other of [new Error('x'), new TypeError('y'), undefined, null, 'EPERM', { code: 'EPERM' }]) {
    assert.equal(isNativeError(other), false);
  }
});

test('an addon that was not built says what to do', () => {
  assert.throws(() => loadNative('/nonexistent/maglev.node'), {
    message: 'cannot load the native addon /nonexistent/maglev.node: run npm run build',
  });
});

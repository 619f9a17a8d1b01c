import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeConnectError, isExhaustion } from './net-error.ts';

test('the world said no', () => {
  const world = (code: string, syscall = 'connect', errno?: number) =>
    describeConnectError({ code, syscall, ...(errno !== undefined && { errno }) }, '192.0.2.9');
  assert.deepEqual(world('ECONNREFUSED'), { detail: 'connection refused', ours: false });
  assert.deepEqual(world('EHOSTUNREACH'), { detail: 'host unreachable', ours: false });
  assert.deepEqual(world('ENETUNREACH'), { detail: 'network unreachable', ours: false });
  assert.deepEqual(world('EPERM'), { detail: 'refused by the local packet filter', ours: false });
  assert.deepEqual(world('EXYZ'), { detail: 'connect: EXYZ', ours: false });
  assert.deepEqual(world('ENOTCONN', 'connect', -107), {
    detail: 'connect: socket is not connected',
    ours: false,
  });
  assert.deepEqual(world('EADDRNOTAVAIL', 'bind', -99), {
    detail: 'bind source 192.0.2.9: address not available',
    ours: false,
  });
  assert.deepEqual(describeConnectError({}), { detail: 'connect: unknown error', ours: false });
});

test('we ran out of something', () => {
  for (const [code, syscall] of [
    ['EMFILE', 'connect'],
    ['EMFILE', 'open'],
    ['ENFILE', 'socket'],
    ['ENOBUFS', 'connect'],
    ['ENOMEM', 'setns'],
    ['EADDRNOTAVAIL', 'connect'],
    ['EADDRINUSE', 'bind'],
    ['EAGAIN', 'connect'],
  ] as const) {
    const { ours, detail } = describeConnectError({ code, syscall });
    assert.ok(ours, `${code} from ${syscall}`);
    assert.match(detail, /^out of /);
  }
  assert.ok(isExhaustion({ code: 'ENOBUFS' }));
  assert.ok(!isExhaustion({ code: 'ECONNRESET' }));
  assert.ok(!isExhaustion({}));
});

import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { getSystemErrorName } from 'node:util';
import { describeEchoError, describeIcmpError } from './icmp-error.ts';
import type { SystemError } from './net-error.ts';

test('errors of routers and hosts in words, both families in the same ones', () => {
  const table: readonly [4 | 6, number, number, string][] = [
    [4, 3, 0, 'network unreachable'],
    [4, 3, 1, 'host unreachable'],
    [4, 3, 13, 'administratively prohibited'],
    [4, 11, 0, 'time to live exceeded'],
    [4, 12, 1, 'parameter problem'],
    [6, 1, 0, 'network unreachable'],
    [6, 1, 1, 'administratively prohibited'],
    [6, 1, 3, 'host unreachable'],
    [6, 2, 0, 'packet too big'],
    [6, 3, 0, 'hop limit exceeded'],
    [4, 3, 200, 'ICMP error of type 3, code 200'],
    [6, 99, 0, 'ICMP error of type 99, code 0'],
  ];
  for (const [family, type, code, words] of table) assert.equal(describeIcmpError(family, type, code), words);
});

test('sends that were refused: what the world said, and what was ours', () => {
  const { errno } = constants;
  const table: readonly [number, string, boolean][] = [
    [errno.ENETUNREACH, 'network unreachable', false],
    [errno.EHOSTUNREACH, 'host unreachable', false],
    [errno.EACCES, 'administratively prohibited', false],
    [errno.EPERM, 'refused by the local packet filter', false],
    [errno.EINVAL, 'blackhole route', false],
    [errno.ENOBUFS, 'send: no buffer space available', true],
    [errno.EAGAIN, 'send: resource temporarily unavailable', true],
    [errno.EMFILE, 'send: too many open files', true],
    [errno.EMSGSIZE, 'send: message too long', false],
  ];
  for (const [number, detail, ours] of table) {
    assert.deepEqual(describeEchoError(errorOf('send', number), undefined, undefined), { detail, ours });
  }
});

test('what came before the send', () => {
  const { errno } = constants;
  const table: readonly [string, number, string, boolean][] = [
    ['open', errno.ENOENT, 'enter netns "plane": no such file or directory', false],
    ['setns', errno.EPERM, 'enter netns "plane": operation not permitted', false],
    ['socket', errno.EPERM, 'raw ICMP socket: operation not permitted (needs CAP_NET_RAW)', false],
    ['socket', errno.EMFILE, 'raw ICMP socket: too many open files', true],
    ['bind', errno.EADDRNOTAVAIL, 'bind source 10.0.0.1: address not available', false],
    ['setsockopt', errno.ENOMEM, 'setsockopt: not enough memory', true],
    ['epoll_ctl', errno.ENOSPC, 'epoll_ctl: no space left on device', true],
  ];
  for (const [syscall, number, detail, ours] of table) {
    assert.deepEqual(describeEchoError(errorOf(syscall, number), '10.0.0.1', 'plane'), { detail, ours });
  }
});

function errorOf(syscall: string, errno: number): SystemError {
  return { syscall, errno: -errno, code: getSystemErrorName(-errno) };
}

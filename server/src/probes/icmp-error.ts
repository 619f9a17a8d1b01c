// Words for what ICMP errors and failed sends mean, for the detail of a result. Pure; knows no probe.
import { constants } from 'node:os';
import type { IpFamily } from '../config/config.ts';
import {
  type ConnectFailure,
  describeNetnsError,
  describeReason,
  isExhaustion,
  type SystemError,
} from './net-error.ts';

/** By type and code. RFC 792 and 1812 (4), RFC 4443 (6). */
const words: Readonly<Record<IpFamily, Readonly<Record<number, Readonly<Record<number, string>>>>>> = {
  4: {
    3: {
      0: 'network unreachable',
      1: 'host unreachable',
      2: 'protocol unreachable',
      3: 'port unreachable',
      4: 'packet too big',
      5: 'source route failed',
      6: 'network unknown',
      7: 'host unknown',
      8: 'source host isolated',
      9: 'network administratively prohibited',
      10: 'host administratively prohibited',
      11: 'network unreachable for this type of service',
      12: 'host unreachable for this type of service',
      13: 'administratively prohibited',
      14: 'host precedence violation',
      15: 'precedence cutoff in effect',
    },
    11: { 0: 'time to live exceeded', 1: 'reassembly time exceeded' },
    12: { 0: 'parameter problem', 1: 'parameter problem', 2: 'parameter problem' },
  },
  6: {
    1: {
      0: 'network unreachable',
      1: 'administratively prohibited',
      2: 'beyond scope of source address',
      3: 'host unreachable',
      4: 'port unreachable',
      5: 'source address refused by policy',
      6: 'route rejects destination',
    },
    2: { 0: 'packet too big' },
    3: { 0: 'hop limit exceeded', 1: 'reassembly time exceeded' },
    4: { 0: 'parameter problem', 1: 'parameter problem', 2: 'parameter problem' },
  },
};

/** What a router or the target answered, e.g. "host unreachable". */
export function describeIcmpError(family: IpFamily, type: number, code: number): string {
  return words[family][type]?.[code] ?? `ICMP error of type ${type}, code ${code}`;
}

const { errno: numbers } = constants;
const sendErrors: ReadonlyMap<number, string> = new Map([
  [numbers.ENETUNREACH, 'network unreachable'],
  [numbers.EHOSTUNREACH, 'host unreachable'],
  [numbers.ENETDOWN, 'network down'],
  // What the kernel says to a `prohibit` route.
  [numbers.EACCES, 'administratively prohibited'],
  [numbers.EPERM, 'refused by the local packet filter'],
  // What it says to a `blackhole` route.
  [numbers.EINVAL, 'blackhole route'],
]);

/** Why a request could not be sent, by the call that failed. `source` is the address that it was to have. */
export function describeEchoError(
  error: SystemError,
  source: string | undefined,
  netns: string | undefined,
): ConnectFailure {
  const reason = describeReason(error);
  const ours = isExhaustion(error);
  switch (error.syscall) {
    case 'open':
    case 'setns':
      return describeNetnsError(error, netns);
    case 'socket':
      return {
        detail: `raw ICMP socket: ${reason}${error.code === 'EPERM' ? ' (needs CAP_NET_RAW)' : ''}`,
        ours,
      };
    case 'bind':
      return { detail: `bind source ${source}: ${reason}`, ours };
    case 'send':
      return { detail: sendErrors.get(-(error.errno ?? 0)) ?? `send: ${reason}`, ours };
    default:
      return { detail: `${error.syscall}: ${reason}`, ours: ours || error.syscall === 'epoll_ctl' };
  }
}

// What echo probes say when this process lacks a right or a descriptor: about us, never about the backend.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ProbeResult } from '../../src/probes/probe.ts';
import { createNetns, type Netns, netnsSkip } from '../support/netns.ts';

const skip = netnsSkip();
const childPath = fileURLToPath(new URL('../support/icmp-child.ts', import.meta.url));
let netns: Netns;

before(() => {
  if (!skip) netns = createNetns();
});
after(() => netns?.remove());

/** Runs the child through a command that cuts its rights; stays root so that it can read the checkout. */
function probe(prefix: readonly string[], ...args: string[]): ProbeResult {
  const [command = '', ...rest] = [...prefix, process.execPath, childPath, ...args];
  return JSON.parse(execFileSync(command, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }));
}

/** setpriv is part of util-linux, which is essential on Debian. */
function withOnly(...capabilities: string[]): string[] {
  const kept = capabilities.map((capability) => `,+${capability}`).join('');
  return ['setpriv', `--bounding-set=-all${kept}`, '--inh-caps=-all'];
}

const noRaw = 'raw ICMP socket: operation not permitted (needs CAP_NET_RAW)';

test('without any capability a raw socket is refused, both families', { skip }, () => {
  const expected = { ok: false, code: 'L4CON', detail: noRaw };
  assert.deepEqual(probe(withOnly(), '127.0.0.1'), expected);
  assert.deepEqual(probe(withOnly(), '::1'), expected);
});

test('without CAP_SYS_ADMIN the namespace cannot be entered', { skip }, () => {
  const detail = `enter netns "${netns.name}": operation not permitted`;
  assert.deepEqual(probe(withOnly('net_raw'), '127.0.0.1', netns.name), { ok: false, code: 'L4CON', detail });
});

test('CAP_NET_RAW alone is enough here, with CAP_SYS_ADMIN in a namespace', { skip }, () => {
  const expected = { ok: true, code: 'L4OK', detail: 'echo reply' };
  assert.deepEqual(probe(withOnly('net_raw'), '127.0.0.1'), expected);
  assert.deepEqual(probe(withOnly('net_raw', 'sys_admin'), '::1', netns.name), expected);
});

test('a namespace that is not there is named', { skip }, () => {
  const detail = 'enter netns "nobody-made-it": no such file or directory';
  assert.deepEqual(probe(withOnly('net_raw', 'sys_admin'), '::1', 'nobody-made-it'), {
    ok: false,
    code: 'L4CON',
    detail,
  });
});

test('no descriptor left is ours, not the backend', { skip }, () => {
  const limited = ['sh', '-c', 'ulimit -n 100; exec "$@"', 'sh'];
  for (const name of ['', netns.name]) {
    for (const [how, detail] of [
      ['exhaust-later', 'raw ICMP socket: too many open files'],
      ['exhaust', 'out of file descriptors (limit of the process)'],
    ] as const) {
      assert.deepEqual(probe(limited, '::1', name, how), { ok: false, code: 'L4CON', detail, ours: true });
    }
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFakeClock } from '../../test/support/fake-clock.ts';
import type { ConfigEvent } from '../events/event.ts';
import { createEventLog } from '../events/event-log.ts';
import { auditRefusalsMax, auditWindowMs } from '../lib/limits.ts';
import { createAudit } from './audit.ts';
import type { Caller } from './caller.ts';

function setUp() {
  const clock = createFakeClock();
  const lines: Readonly<Record<string, unknown>>[] = [];
  const line = (message: string, attributes = {}) => void lines.push({ message, ...attributes });
  const events = createEventLog(clock, 'e');
  const audit = createAudit({ clock, log: { info: line, warn: line }, events });
  const told = () => {
    const read = events.read(0, 10_000);
    assert.equal(read.t, 'events');
    return read.t === 'events' ? read.events.map(({ event }) => event as ConfigEvent) : [];
  };
  return { clock, lines, audit, told };
}

const alice: Caller = { role: 'operator', user: 'alice', address: '192.0.2.7', requestId: 'r1' };
const nobody: Caller = { role: 'viewer', address: '192.0.2.8', requestId: 'r2' };
const pause = { rpc: 'PauseBackend', role: 'operator' } as const;

test('a change is a line and an event: what, by whom, and how it went', () => {
  const { lines, audit, told } = setUp();
  audit.record(pause, alice, { backend: 'nginx0', reason: 'kernel update' }, { code: 'ok' });
  audit.record(pause, nobody, { backend: 'nginx0' }, { code: 'unauthenticated', why: 'no credentials' });
  audit.record({ rpc: 'GetBackend', role: 'viewer' }, nobody, { backend: 'nginx0' }, { code: 'ok' });
  const first = { operation: 'PauseBackend', target: 'nginx0', user: 'alice', address: '192.0.2.7' };
  const second = { operation: 'PauseBackend', target: 'nginx0', address: '192.0.2.8', requestId: 'r2' };
  assert.deepEqual(lines, [
    { message: 'audit', ...first, requestId: 'r1', code: 'ok', reason: 'kernel update' },
    { message: 'audit', ...second, code: 'unauthenticated', why: 'no credentials' },
  ]);
  assert.deepEqual(told(), [
    {
      kind: 'config',
      outcome: 'audit',
      message: 'PauseBackend nginx0 by alice (192.0.2.7): ok',
      audit: { ...first, requestId: 'r1', code: 'ok' },
    },
    {
      kind: 'config',
      outcome: 'audit',
      message: 'PauseBackend nginx0 by 192.0.2.8: unauthenticated',
      audit: { ...second, code: 'unauthenticated' },
    },
  ]);
});

test('the target is told by its path; of a request nothing is believed', () => {
  const { lines, audit } = setUp();
  const requests: readonly (readonly [unknown, string | undefined])[] = [
    [{ frontend: 'www', pool: 'primary', backend: 'b1', weight: 1 }, 'www/primary/b1'],
    [{ frontend: 'www' }, 'www'],
    [{}, undefined],
    [undefined, undefined],
    ['backend', undefined],
    [{ backend: 7, reason: {} }, undefined],
    [{ backend: 'x'.repeat(64), reason: 'y'.repeat(257) }, undefined],
    [{ backend: 'b1\nlevel=error', reason: 'a\u001b[31m' }, undefined],
  ];
  for (const [request, target] of requests) {
    audit.record(pause, alice, request, { code: 'ok' });
    const line = lines.pop();
    assert.deepEqual([line?.['target'], line?.['reason']], [target, undefined], JSON.stringify(request));
  }
});

test('a flood of refusals is counted, and operators are always written down', async () => {
  const { clock, lines, audit, told } = setUp();
  const refuse = (count: number) => {
    for (let index = 0; index < count; index++) {
      audit.record(pause, nobody, { backend: 'b1' }, { code: 'permission_denied' });
    }
  };
  refuse(auditRefusalsMax + 40);
  assert.equal(told().length, auditRefusalsMax);
  for (let index = 0; index < 100; index++) {
    audit.record(pause, alice, { backend: 'b1' }, { code: index % 2 === 0 ? 'ok' : 'not_found' });
  }
  assert.equal(told().length, auditRefusalsMax + 100);
  await clock.advance(auditWindowMs);
  assert.deepEqual(lines.at(-1), { message: 'audit-dropped', count: 40 });
  refuse(auditRefusalsMax + 1);
  audit.stop();
  assert.deepEqual(lines.at(-1), { message: 'audit-dropped', count: 1 });
  assert.equal(clock.pendingTimerCount(), 0);
});

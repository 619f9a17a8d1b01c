import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { exampleText, startTestDaemon, type TestDaemon } from '../test/support/daemon.ts';

async function setUp(t: TestContext, text?: string): Promise<TestDaemon> {
  const daemon = await startTestDaemon(text);
  t.after(() => daemon.stop());
  return daemon;
}
const snapshots = ({ control }: TestDaemon) => control.checker().snapshots();
const messages = ({ logged }: TestDaemon) => logged.map(({ message }) => message);

test('the first line says starting, transitions are logged, a frontend follows its backends', async (t) => {
  const daemon = await setUp(t);
  await daemon.clock.advance(3000);
  assert.equal(messages(daemon)[0], 'starting');
  daemon.network.set('10.0.0.1', { t: 'refusing' });
  daemon.network.set('10.0.0.2', { t: 'refusing' });
  await daemon.clock.advance(10_000);
  const lines = daemon.logged.filter(({ message }) => message === 'frontend-transition');
  assert.deepEqual(
    lines.map(({ attributes }) => attributes),
    // one backend of www is disabled: it has left unknown, so www began as down
    [
      { frontend: 'www', from: 'down', to: 'up', backend: 'b1', state: 'up', code: 'L7OK' },
      { frontend: 'www', from: 'up', to: 'down', backend: 'b1', state: 'down', code: 'L4CON' },
    ],
  );
});

test('a reload: one added, one removed, one changed, nothing else touched', async (t) => {
  const daemon = await setUp(t);
  await daemon.clock.advance(5000);
  const before = snapshots(daemon).find(({ name }) => name === 'b1');
  const text = exampleText
    .replace('b2: { address: 10.0.0.2', 'b2: { address: 10.0.0.9')
    .replace('    fixed: { address: 10.0.0.4 }', '    fresh: { address: 10.0.0.5, healthcheck: ping }')
    .replace('fixed: {}', 'fresh: {}');
  daemon.setFile(text);
  const { diff } = await daemon.reload();
  assert.deepEqual(diff?.backends, {
    added: ['fresh'],
    removed: ['fixed'],
    changed: [{ name: 'b2', aspects: ['address'] }],
  });
  assert.deepEqual(
    snapshots(daemon).find(({ name }) => name === 'b1'),
    before,
  );
  assert.deepEqual(
    snapshots(daemon).map(({ name, state }) => `${name} ${state}`),
    ['b1 up', 'b2 unknown', 'b3 disabled', 'fresh unknown'],
  );
  const line = daemon.logged.find(({ message }) => message === 'config-reloaded');
  assert.deepEqual(line?.attributes, {
    changes: [
      'backend fresh added',
      'backend fixed removed',
      'backend b2 changed: address',
      'frontend all changed',
    ],
  });
});

test('a refused file changes nothing and names every fault', async (t) => {
  const daemon = await setUp(t);
  await daemon.clock.advance(5000);
  const before = snapshots(daemon);
  daemon.setFile(exampleText.replace('10.0.0.1', 'nowhere').replace('weight: 50', 'weight: 500'));
  const { result, diff } = await daemon.reload();
  assert.equal(result.ok, false);
  assert.equal(diff, undefined);
  assert.deepEqual(snapshots(daemon), before);
  assert.equal(daemon.logged.filter(({ message }) => message === 'config-error').length, 2);
  assert.equal(messages(daemon).at(-1), 'config-refused');
});

test('overrides survive a reload; a reload that changes that very value drops them', async (t) => {
  const daemon = await setUp(t);
  const { control } = daemon;
  await control.changeBackend('b1', 'pause', { by: 'alice' });
  await control.changeBackend('b2', 'disable', { by: 'alice' });
  await daemon.reload();
  assert.equal(control.checker().state('b1'), 'paused');
  daemon.setFile(
    exampleText.replace('healthcheck: http-ok }\n    b2', 'healthcheck: http-ok, enabled: false }\n    b2'),
  );
  await daemon.reload();
  assert.equal(control.checker().state('b1'), 'disabled', 'the file said enabled: false');
  assert.equal(control.checker().state('b2'), 'disabled');
  daemon.setFile(exampleText);
  await daemon.reload();
  assert.equal(control.checker().state('b1'), 'unknown', 'its pause was dropped, not kept for later');
  assert.equal(control.checker().state('b2'), 'disabled');
  assert.equal(messages(daemon).filter((message) => message === 'override-dropped').length, 1);
});

test('a disabled backend of the file can be enabled, and says so after a reload', async (t) => {
  const daemon = await setUp(t);
  const result = await daemon.control.changeBackend('b3', 'enable', { by: 'alice' });
  assert.ok(result.ok && result.backend.state === 'unknown');
  await daemon.reload();
  assert.equal(daemon.control.checker().snapshot('b3')?.admin, 'active');
});

test('commands come one after the other: a pause during a reload sees the new configuration', async (t) => {
  const daemon = await setUp(t);
  daemon.setFile(exampleText.replaceAll('b2', 'b7'));
  const reload = daemon.reload();
  const pause = daemon.control.changeBackend('b7', 'pause', { by: 'alice' });
  const gone = daemon.control.changeBackend('b2', 'pause', { by: 'alice' });
  await reload;
  assert.equal((await pause).ok, true);
  assert.equal((await gone).ok, false);
});

test('another namespace: every probe is built anew, every state stands', async (t) => {
  const daemon = await setUp(t);
  await daemon.clock.advance(5000);
  const before = snapshots(daemon).map(({ name, state, counter }) => ({ name, state, counter }));
  daemon.setFile(exampleText.replace('maglev:\n', 'maglev:\n  healthchecker: { netns: dataplane }\n'));
  const { diff } = await daemon.reload();
  assert.deepEqual(diff?.settings, ['netns']);
  assert.deepEqual(
    snapshots(daemon).map(({ name, state, counter }) => ({ name, state, counter })),
    before,
  );
});

// A real maglevd beside Debian's nginx, one process per backend: some die, come back, hang, and the
// configuration changes under way. What is asserted is what an operator sees: REST, metrics, the log.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BackendJson, FrontendJson } from '../../src/api/schemas.ts';
import { eventually } from '../support/guarded-process.ts';
import { type Maglevd, startMaglevd } from '../support/maglevd.ts';
import { createNetns, type Netns, netnsSkip } from '../support/netns.ts';
import { findFreePort, type Nginx, startNginx, startNginxEach } from '../support/nginx.ts';

const intervalMs = 500;
const timeoutMs = 500;
const fall = 3;
/** The promise: how long after a death the transition to down comes at the latest. */
const detectionMsMax = fall * intervalMs + timeoutMs + 50;
/** Generous: nothing but a hang takes this long. */
const patienceMs = 30_000;
const jitterShare = 0.1;
/** Starts lie on a grid of 20 ms. */
const gridMs = 20;

type Backends = ReadonlyMap<string, string>;

function configText(backends: Backends, port: number, netns: string | undefined): string {
  const check = `type: http, port: ${port}, rise: 2, fall: ${fall}, timeout: ${timeoutMs}ms`;
  const rhythm = ['interval', 'fast-interval', 'down-interval'].map((key) => `${key}: ${intervalMs}ms`);
  const addresses = Array.from(backends, ([name, address]) => {
    return `    ${name}: { address: ${address}, healthcheck: http-ok }`;
  });
  return `maglev:
  healthchecker: { transition-history: 10${netns === undefined ? '' : `, netns: ${netns}`} }
  vpp: { lb: { ipv4-src-address: 10.255.0.1 } }
  healthchecks:
    http-ok: { ${[check, ...rhythm].join(', ')} }
  backends:
${addresses.join('\n')}
  frontends:
    www:
      address: 10.255.0.80
      protocol: tcp
      port: 80
      pools:
        - name: primary
          backends: { ${Array.from(backends.keys(), (name) => `${name}: {}`).join(', ')} }
`;
}

interface Scene {
  readonly t: TestContext;
  readonly maglevd: Maglevd;
  readonly servers: Map<string, Nginx>;
  readonly backends: Backends;
  readonly text: (backends: Backends) => string;
  /** Addresses with a server that no backend has yet. */
  readonly spare: readonly string[];
}

const backendsOf = async ({ maglevd }: Scene) =>
  (await maglevd.api<{ backends: BackendJson[] }>('/backends')).backends;

async function waitForState(scene: Scene, names: readonly string[], state: string): Promise<BackendJson[]> {
  return eventually(`${names.length} backends are ${state}`, patienceMs, async () => {
    const found = (await backendsOf(scene)).filter(({ name }) => names.includes(name));
    assert.equal(found.length, names.length);
    return found.every((backend) => backend.state === state) ? found : undefined;
  });
}

/** Name and last change of every backend that changed its state since `fromMs`. */
async function changedSince(scene: Scene, fromMs: number): Promise<string[]> {
  const backends = await backendsOf(scene);
  return backends.filter(({ since }) => Date.parse(since) >= fromMs).map(({ name }) => name);
}

async function allComeUp(scene: Scene): Promise<void> {
  const up = await waitForState(scene, [...scene.backends.keys()], 'up');
  for (const { transitions } of up) {
    const { at, ...transition } = transitions[0] ?? { at: '' };
    assert.deepEqual(transition, { from: 'unknown', to: 'up', code: 'L7OK', detail: 'HTTP 200' });
    assert.ok(Date.parse(at) > 0);
    assert.equal(transitions.length, 1);
  }
  const { frontends } = await scene.maglevd.api<{ frontends: FrontendJson[] }>('/frontends');
  assert.deepEqual(
    frontends.map(({ name, state }) => `${name} ${state}`),
    ['www up'],
  );
}

const counterIsFull = ({ counter: { value, rise, fall } }: BackendJson) => value === rise + fall - 1;

function waitForFullCounters(scene: Scene): Promise<true> {
  return eventually('all counters are full', patienceMs, async () =>
    (await backendsOf(scene)).every(counterIsFull) ? true : undefined,
  );
}

/** Kills the servers of five backends and holds each transition against the promise. */
async function fiveDie(scene: Scene, names: readonly string[]): Promise<void> {
  await waitForFullCounters(scene);
  const startMs = Date.now();
  const killedMs = new Map<string, number>();
  for (const name of names) {
    const server = scene.servers.get(scene.backends.get(name) ?? '') as Nginx;
    killedMs.set(name, Date.now());
    process.kill(server.pid, 'SIGKILL');
  }
  const delays: number[] = [];
  for (const { name, state, code, detail, transitions } of await waitForState(scene, names, 'down')) {
    const { at = '', from } = transitions.at(-1) ?? {};
    const delayMs = Date.parse(at) - (killedMs.get(name) ?? 0);
    delays.push(delayMs);
    assert.ok(delayMs <= detectionMsMax, `${name} is down after ${delayMs} ms, promised ${detectionMsMax}`);
    assert.deepEqual([from, state, code, detail], ['up', 'down', 'L4CON', 'connection refused']);
  }
  scene.t.diagnostic(`death seen after ${delays.join(', ')} ms; promised within ${detectionMsMax} ms`);
  assert.deepEqual((await changedSince(scene, startMs)).sort(), [...names].sort(), 'nobody else changed');
}

async function fiveComeBack(scene: Scene, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const address = scene.backends.get(name) ?? '';
    const { options, kill } = scene.servers.get(address) as Nginx;
    await kill();
    scene.servers.set(address, await startNginx(options));
  }
  for (const { code, transitions } of await waitForState(scene, names, 'up')) {
    assert.equal(code, 'L7OK');
    assert.deepEqual(
      transitions.map(({ from, to }) => `${from}->${to}`),
      ['unknown->up', 'up->down', 'down->up'],
    );
  }
}

/** A server that accepts and says nothing is another death than one that is gone. */
async function oneHangs(scene: Scene, name: string): Promise<void> {
  const server = scene.servers.get(scene.backends.get(name) ?? '') as Nginx;
  process.kill(server.pid, 'SIGSTOP');
  const [down] = await waitForState(scene, [name], 'down');
  assert.equal(down?.code, 'L7TOUT');
  process.kill(server.pid, 'SIGCONT');
  await waitForState(scene, [name], 'up');
}

/** What a reload must not touch: all of a backend but its last probe. */
async function standing(scene: Scene, names: ReadonlySet<string>) {
  const backends = (await backendsOf(scene)).filter(({ name }) => names.has(name));
  const probedMs = new Map(backends.map(({ name, lastProbe }) => [name, Date.parse(lastProbe?.at ?? '')]));
  const rest = backends.map(({ lastProbe, ...backend }) => backend);
  const page = await scene.maglevd.metrics();
  const transitions = rest.map(({ name }) =>
    page.find('maglev_backend_transitions_total', { backend: name }),
  );
  const probes = new Map(rest.map(({ name }) => [name, page.sum('maglev_probe_total', { backend: name })]));
  return { rest, transitions, probes, probedMs, atMs: performance.now() };
}

/** One backend more, one less, one moved: the new configuration and who is not concerned. */
function changeThree(scene: Scene) {
  const names = [...scene.backends.keys()];
  const [removed = '', moved = ''] = names.slice(-2);
  const [first = '', second = ''] = scene.spare;
  const after = new Map(scene.backends);
  after.delete(removed);
  after.set(moved, second).set('added', first);
  return { removed, moved, after, untouched: new Set(names.slice(0, -2)) };
}

async function reloadTouchesThree(scene: Scene): Promise<Scene> {
  const { maglevd, servers } = scene;
  const { removed, moved, after, untouched } = changeThree(scene);
  await waitForFullCounters(scene);
  const before = await standing(scene, untouched);
  const startMs = Date.now();
  const fromLine = maglevd.log.length;
  const { msg, changes } = await maglevd.reload(scene.text(after));
  assert.deepEqual(
    { msg, changes },
    {
      msg: 'config-reloaded',
      changes: [
        'backend added added',
        `backend ${removed} removed`,
        `backend ${moved} changed: address`,
        'frontend www changed',
      ],
    },
  );
  const left = maglevd.log.slice(fromLine).filter((line) => line['to'] === 'removed');
  assert.deepEqual(left.map((line) => line['backend']).sort(), [removed, moved].sort());
  const retired = [removed, moved].map((name) => servers.get(scene.backends.get(name) ?? '') as Nginx);
  await waitForState(scene, ['added', moved], 'up');
  const askedThen = retired.map((server) => server.requestCount());
  // Long enough for every backend to be probed a few times after the reload.
  await sleep(4 * intervalMs);
  const afterwards = await standing(scene, untouched);
  assert.deepEqual(afterwards.rest, before.rest);
  assert.deepEqual(afterwards.transitions, before.transitions);
  assertPace(before, afterwards);
  assertGaps(scene, untouched, fromLine);
  assert.deepEqual((await changedSince(scene, startMs)).sort(), ['added', moved].sort());
  const askedNow = retired.map((server) => server.requestCount());
  assert.deepEqual(askedNow, askedThen, 'who is gone is not asked any more');
  await assertGone(scene, removed, moved, after);
  return { ...scene, backends: after };
}

type Standing = Awaited<ReturnType<typeof standing>>;

/** Every untouched backend was probed as often as its interval says. */
function assertPace(before: Standing, after: Standing): void {
  const elapsedMs = after.atMs - before.atMs;
  const countMin = Math.floor(elapsedMs / (intervalMs * (1 + jitterShare) + gridMs + 50)) - 1;
  const countMax = Math.ceil(elapsedMs / (intervalMs * (1 - jitterShare))) + 1;
  for (const [name, count] of after.probes) {
    const probes = count - (before.probes.get(name) ?? 0);
    assert.ok(probes >= countMin && probes <= countMax, `${name}: ${probes} not ${countMin}..${countMax}`);
    assert.ok((after.probedMs.get(name) ?? 0) > (before.probedMs.get(name) ?? 0), `${name} was probed`);
  }
}

/**
 * The probe after the reload came one interval after the one before it: its timer was left alone. A timer set
 * anew would come anywhere between nothing and an interval and a half after the one before.
 */
function assertGaps(scene: Scene, names: ReadonlySet<string>, fromLine: number): void {
  const gaps: number[] = [];
  for (const name of names) {
    const isProbe = (line: { msg: string; backend?: unknown }) =>
      line.msg === 'probe' && line.backend === name;
    const last = scene.maglevd.log.slice(0, fromLine).findLast(isProbe);
    const next = scene.maglevd.log.slice(fromLine).find(isProbe);
    gaps.push(Date.parse(next?.time ?? '') - Date.parse(last?.time ?? ''));
  }
  const [shortest, longest] = [Math.min(...gaps), Math.max(...gaps)];
  scene.t.diagnostic(`gap between probes across the reload: ${shortest} to ${longest} ms`);
  // A probe's line is written at its end: a slow one and a quick one move it by tens of milliseconds.
  assert.ok(shortest >= intervalMs * (1 - jitterShare) - 100, `${shortest} ms is too soon`);
  assert.ok(longest <= 2 * intervalMs, `${longest} ms is too late`);
}

async function assertGone(scene: Scene, removed: string, moved: string, after: Backends): Promise<void> {
  const page = await scene.maglevd.metrics();
  const series = page.samples.filter(({ labels }) => labels['backend'] === removed);
  assert.deepEqual(series, [], 'a removed backend leaves no series');
  const backends = await backendsOf(scene);
  assert.deepEqual(
    backends.map(({ name, address }) => [name, address]),
    [...after],
  );
  const history = backends.find(({ name }) => name === moved)?.transitions ?? [];
  assert.deepEqual(
    history.map(({ from, to }) => `${from}->${to}`),
    ['unknown->up'],
    'another address is another backend',
  );
}

const brokenTexts = (good: string): readonly [what: string, text: string, path: string][] => [
  ['no YAML', `${good}\n  - : [`, ''],
  ['an unknown key', good.replace('rise: 2', 'rise: 2, raise: 2'), 'maglev.healthchecks.http-ok.raise'],
  ['a bad value', good.replace('rise: 2', 'rise: 0'), 'maglev.healthchecks.http-ok.rise'],
];

async function brokenFilesChangeNothing(scene: Scene): Promise<void> {
  const { maglevd } = scene;
  const good = scene.text(scene.backends);
  const all = new Set(scene.backends.keys());
  const loaded = 'maglev_config_last_reload_successful';
  const before = await standing(scene, all);
  for (const [what, text, path] of brokenTexts(good)) {
    const fromLine = maglevd.log.length;
    const { msg, level, errors } = await maglevd.reload(text);
    assert.deepEqual({ msg, level }, { msg: 'config-refused', level: 'error' }, what);
    const faults = maglevd.log.slice(fromLine).filter((line) => line.msg === 'config-error');
    assert.equal(faults.length, errors, what);
    const [fault] = faults;
    if (path) assert.equal(fault?.['path'], path);
    assert.ok(Number(fault?.['line']) > 0 && Number(fault?.['column']) > 0 && fault?.['why'], what);
    assert.equal((await maglevd.metrics()).value(loaded), 0, what);
  }
  await sleep(2 * intervalMs);
  const afterwards = await standing(scene, all);
  assert.deepEqual(afterwards.rest, before.rest);
  assert.deepEqual(afterwards.transitions, before.transitions);
  assertPace(before, afterwards);
  const { msg, changes } = await maglevd.reload(good);
  assert.deepEqual({ msg, changes }, { msg: 'config-reloaded', changes: [] });
  assert.equal((await maglevd.metrics()).value(loaded), 1);
}

/** `count` backends in the given namespace, each an nginx of its own, through everything above. */
async function play(t: TestContext, count: number, netns: Netns | undefined): Promise<void> {
  const addresses = Array.from({ length: count + 2 }, (_, index) => `127.0.1.${index + 1}`);
  const port = netns ? 8080 : await findFreePort(addresses);
  const servers = await startNginxEach(addresses, { port, counts: true, ...(netns && { netns }) });
  t.after(() => Promise.all(Array.from(servers.values(), (server) => server.kill())));
  const backends = new Map(addresses.slice(0, count).map((address, index) => [`nginx${index + 1}`, address]));
  const text = (wanted: Backends) => configText(wanted, port, netns?.name);
  const maglevd = await startMaglevd({ config: text(backends), flags: ['--log-level', 'debug'] });
  t.after(() => maglevd.kill());
  const scene: Scene = { t, maglevd, servers, backends, text, spare: addresses.slice(count) };
  await allComeUp(scene);
  const five = ['nginx2', 'nginx3', 'nginx5', 'nginx7', 'nginx8'];
  await fiveDie(scene, five);
  await fiveComeBack(scene, five);
  await oneHangs(scene, 'nginx1');
  const changed = await reloadTouchesThree(scene);
  await brokenFilesChangeNothing(changed);
  const page = await maglevd.metrics();
  t.diagnostic(`late probes: ${page.sum('maglev_probe_late_total')}`);
  await maglevd.stop();
}

test('50 nginx on loopback: deaths, returns, reloads', (t) => play(t, 50, undefined));

test('10 nginx in a network namespace: deaths, returns, reloads', { skip: netnsSkip() }, async (t) => {
  const netns = createNetns();
  t.after(() => netns.remove());
  await play(t, 10, netns);
});

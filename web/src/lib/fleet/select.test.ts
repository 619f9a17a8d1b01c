import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FakeFrontend, FakeMaglevd, usualLayout } from '../../../test/support/fake-maglevd.ts';
import { differences } from './differences.ts';
import { emptyFleet, type FleetModel } from './model.ts';
import { reduce } from './reduce.ts';
import { matches, membershipsOf, overviewRows, poolRole, sharesOf, verdictOf } from './select.ts';
import { spreadOf } from './spread.ts';

const nowMs = Date.parse('2026-11-23T12:00:00Z');
const at = new Date(nowMs).toISOString();
const down = { state: 'down', code: 'L4CON', detail: 'connection refused' } as const;

const make = (name = 'local', layout: readonly FakeFrontend[] = usualLayout()) =>
  new FakeMaglevd(name, layout, nowMs);
function fleetOf(...maglevds: readonly FakeMaglevd[]): FleetModel {
  const pictures = maglevds.map((maglevd) => maglevd.picture());
  return reduce(emptyFleet, [{ t: 'picture', at, canChange: false, maglevds: pictures }], nowMs);
}
const healthIn = (model: FleetModel, name: string) =>
  overviewRows(model, true).find(({ frontend }) => frontend.name === name)?.report;

test('health: one word for each way a frontend can be', () => {
  const local = make();
  for (const name of ['smtp0-ams', 'smtp1-fra', 'smtp2-lhr', 'dot0-ams', 'dot1-fra', 'nginx1-fra']) {
    local.turn(name, down, nowMs);
  }
  local.drift = ['git'];
  const model = fleetOf(local);
  const words = Object.fromEntries(
    overviewRows(model, true).map(({ frontend, report }) => [frontend.name, report.health]),
  );
  assert.deepEqual(words, {
    'dns-over-tls': 'nothing',
    git: 'drift',
    'mail-submission-with-a-rather-long-name-v4': 'standby',
    'www-v4': 'degraded',
    'www-tls-v4': 'degraded',
    'api-v4': 'well',
    imap: 'well',
    mirror: 'well',
  });
  assert.equal(healthIn(model, 'www-v4')?.sentence, '1 of 4 backends not up: nginx1-fra down.');
  assert.equal(healthIn(model, 'dns-over-tls')?.sentence, 'No backend of any pool serves: 2 down.');
});

test('pools: those in front of the one that serves cannot, those behind it stand by', () => {
  const roles = (...downs: readonly string[]) => {
    const local = make();
    for (const name of downs) local.turn(name, down, nowMs);
    const git = local.frontends.find(({ name }) => name === 'git');
    return git?.pools.map(({ name }) => poolRole(git, name));
  };
  const primary = ['git0-ams', 'git1-fra', 'git2-lhr'];
  assert.deepEqual(roles(), ['serving', 'standby']);
  assert.deepEqual(roles(...primary), ['cannot serve', 'serving']);
  assert.deepEqual(roles(...primary, 'git-sorry-ams'), ['would serve', 'standby']);
});

test('health: with VPP out of reach it is unknown; a daemon without VPP is judged by its backends', () => {
  const local = make();
  local.vppConnection = 'not-responding';
  assert.equal(
    healthIn(fleetOf(local), 'git')?.sentence,
    'VPP is not responding: what it serves cannot be read.',
  );
  local.vppConnection = 'disabled';
  assert.equal(healthIn(fleetOf(local), 'git')?.health, 'well');
});

test('a backend that is meant to get nothing is not missed', () => {
  const pools = [{ name: 'primary', backends: { a: 100, b: 0 } }];
  const local = make('local', [{ name: 'www', address: '198.51.100.1', port: 80, pools }]);
  local.turn('b', down, nowMs);
  assert.equal(healthIn(fleetOf(local), 'www')?.health, 'well');
});

test('the overview is worst first, then by maglevd and configuration; what is old counts as unknown', () => {
  const [local, peer] = [make('local'), make('peer')];
  peer.turn('imap0-ams', down, nowMs);
  for (const name of ['dot0-ams', 'dot1-fra']) peer.turn(name, down, nowMs);
  const fresh = overviewRows(fleetOf(local, peer), true).map(({ key }) => key);
  assert.deepEqual(fresh.slice(0, 4), ['peer/dns-over-tls', 'peer/imap', 'local/www-v4', 'local/www-tls-v4']);
  peer.status = { ...peer.status, connection: 'lost' };
  const lost = overviewRows(fleetOf(local, peer), true);
  assert.deepEqual(
    lost.slice(0, 3).map(({ key }) => key),
    ['peer/dns-over-tls', 'peer/www-v4', 'peer/www-tls-v4'],
  );
  assert.equal(lost.filter((row) => row.isStale).length, 8);
});

test('rows that nothing has changed keep their identity', () => {
  const local = make();
  const model = fleetOf(local);
  const next = reduce(model, local.turn('nginx0-ams', down, nowMs), nowMs);
  const row = (of: FleetModel, key: string) => overviewRows(of, true).find((each) => each.key === key);
  assert.equal(row(next, 'local/imap'), row(model, 'local/imap'));
  assert.notEqual(row(next, 'local/www-v4'), row(model, 'local/www-v4'));
});

test('the verdict says first what serves nothing, and counts what is not known apart', () => {
  const [local, peer] = [make('local'), make('peer')];
  const say = () => verdictOf(overviewRows(fleetOf(local, peer), true));
  assert.deepEqual(say(), { health: 'well', sentence: 'All 16 frontends are served', detail: '16 all well' });
  local.turn('imap0-ams', down, nowMs);
  assert.equal(say()?.detail, '1 degraded, 15 all well');
  peer.status = { ...peer.status, connection: 'lost' };
  assert.equal(say()?.sentence, '8 of 16 frontends are served');
  assert.equal(say()?.detail, '8 not known now, 1 degraded, 7 all well');
  assert.equal(say()?.health, 'unknown');
  for (const name of ['dot0-ams', 'dot1-fra']) local.turn(name, down, nowMs);
  assert.equal(say()?.sentence, '1 of 16 frontends serves nothing');
  assert.equal(verdictOf([]), undefined);
});

test('differences: between maglevds that can be asked, never with one that is lost', () => {
  const [local, peer] = [make('local'), make('peer')];
  peer.turn('imap0-ams', down, nowMs);
  peer.setWeight('git', 'primary', 'git0-ams', 40);
  const found = differences(fleetOf(local, peer));
  assert.deepEqual([...found.backends], [['imap0-ams', ['state: up on local, down on peer']]]);
  assert.deepEqual(found.frontends.get('git'), ['weight of git0-ams in primary: 100 on local, 40 on peer']);
  peer.status = { ...peer.status, connection: 'lost' };
  assert.equal(differences(fleetOf(local, peer)).backends.size, 0);
});

test('shares: as configured in the pool, and as VPP holds them; pieces of the bar fill it', () => {
  const local = make();
  local.turn('nginx1-fra', down, nowMs);
  const frontend = local.frontends[0];
  assert.ok(frontend?.pools[0]);
  const shares = sharesOf(frontend, frontend.pools[0].backends);
  assert.deepEqual(shares.get('nginx0-ams'), { configured: 1 / 3, held: 0.5 });
  assert.deepEqual(shares.get('nginx1-fra'), { configured: 1 / 3, held: 0 });
  assert.deepEqual(
    spreadOf(frontend).map(({ name, start }) => [name, start]),
    [
      ['nginx0-ams', 0],
      ['nginx2-lhr', 50],
    ],
  );
});

test('search: all words, in names, addresses, states and codes of the frontend and its backends', () => {
  const local = make();
  local.turn('nginx1-fra', down, nowMs);
  const maglevd = fleetOf(local).maglevds.get('local');
  assert.ok(maglevd);
  const find = (query: string) =>
    [...maglevd.frontends.values()]
      .filter((frontend) => matches(maglevd, frontend, query))
      .map(({ name }) => name);
  assert.equal(find('').length, 8);
  assert.deepEqual(find('NGINX1 down'), ['www-v4', 'www-tls-v4']);
  assert.deepEqual(find('l4con 443'), ['www-tls-v4']);
  assert.deepEqual(find('nothing like it'), []);
  assert.deepEqual(
    membershipsOf(maglevd, 'nginx1-fra').map(({ frontend, pool }) => [frontend.name, pool]),
    [
      ['www-v4', 'primary'],
      ['www-tls-v4', 'primary'],
    ],
  );
});

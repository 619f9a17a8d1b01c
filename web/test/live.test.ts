// The page while the world moves: failover, restarts, silence, sleep, a lost peer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyNoBrowser } from './support/browser.ts';
import { down, maglevdOf, up, useStage } from './support/stage.ts';

const stage = useStage();
const options = { skip: whyNoBrowser, timeout: 60_000 };

test('a failover is seen live: row, verdict, card, event', options, async () => {
  const server = await stage.serve('local');
  const local = maglevdOf(server);
  const { page, faults, close } = await stage.open(`${server.origin}/view/`);
  await page.getByText('All 8 frontends are served').waitFor();
  server.send(...local.turn('dot0-ams', down, Date.now()));
  await page.locator('[data-key="local/dns-over-tls"][data-health="degraded"]').waitFor();
  const startedMs = Date.now();
  server.send(...local.turn('dot1-fra', down, Date.now()));
  await page.getByText('1 of 8 frontends serves nothing').waitFor();
  assert.ok(Date.now() - startedMs < 1500, 'seen within a second or so');
  const first = page.locator('[data-key]').first();
  await page.waitForFunction(
    () => document.querySelector('[data-key]')?.getAttribute('data-key') === 'local/dns-over-tls',
  );
  assert.equal(await first.getAttribute('data-health'), 'nothing');
  await page.getByRole('link', { name: 'dns-over-tls' }).click();
  await page
    .locator('[data-frontend="dns-over-tls"] [data-backend="dot1-fra"] .state', { hasText: 'down' })
    .waitFor();
  await page.getByRole('button', { name: 'Events' }).click();
  await page.locator('#event-list li', { hasText: 'dot1-fra' }).getByText('up → down').waitFor();
  server.send(...local.turn('dot1-fra', up, Date.now()));
  await page.getByText('All 8 frontends are served').waitFor();
  assert.deepEqual(faults, []);
  await close();
});

test(
  'a daemon that restarts: shown as lost at once, then the picture of now, over one connection',
  options,
  async () => {
    const server = await stage.serve('local');
    const { page, faults, close } = await stage.open(`${server.origin}/view/`);
    await page.getByText('All 8 frontends are served').waitFor();
    await server.stop();
    await page.getByText('has not answered for').waitFor();
    await page.locator('[data-tab="local"][data-connection="lost"]').waitFor();
    server.forget();
    for (const name of ['dot0-ams', 'dot1-fra']) maglevdOf(server).turn(name, down, Date.now());
    await server.start();
    await page.getByText('1 of 8 frontends serves nothing').waitFor();
    assert.equal(await page.getByText('has not answered for').count(), 0);
    assert.equal(server.streamCount, 1);
    assert.deepEqual(faults, []);
    await close();
  },
);

test(
  'a stream that breaks is taken up where it ended: nothing missing, no new picture',
  options,
  async () => {
    const server = await stage.serve('local');
    const { page, close } = await stage.open(`${server.origin}/view/`);
    await page.getByText('All 8 frontends are served').waitFor();
    server.send(...maglevdOf(server).turn('imap0-ams', down, Date.now()));
    await page.locator('[data-key="local/imap"][data-health="degraded"]').waitFor();
    server.cut();
    server.send(...maglevdOf(server).turn('imap1-fra', down, Date.now()));
    await page.getByText('2 of 4 backends not up').waitFor();
    assert.match(server.streamRequests.at(-1)?.lastEventId ?? '', /^s-\d+$/);
    await page.getByRole('button', { name: 'Events' }).click();
    await page.locator('#event-list li', { hasText: 'imap1-fra' }).waitFor();
    assert.equal(await page.getByText('connected again').count(), 0);
    await close();
  },
);

test('five seconds of silence are red, and end with the first word', options, async () => {
  const server = await stage.serve('local');
  const { page, close } = await stage.open(`${server.origin}/view/`);
  await page.getByText('All 8 frontends are served').waitFor();
  server.isMute = true;
  server.isHung = true;
  const startedMs = Date.now();
  await page.locator('[data-tab="local"][data-connection="lost"]').waitFor();
  assert.ok(Date.now() - startedMs < 5500, `red after ${Date.now() - startedMs} ms`);
  server.isMute = false;
  server.isHung = false;
  server.cut();
  await page.locator('[data-tab="local"][data-connection="connected"]').waitFor();
  assert.equal(server.streamCount, 1);
  await close();
});

test('a laptop that wakes up has the state of now within a second', options, async () => {
  const server = await stage.serve('local');
  const { page, close } = await stage.open(`${server.origin}/view/`, {}, (each) => each.clock.install());
  await page.getByText('All 8 frontends are served').waitFor();
  // The connection is half dead, as after a sleep: it stands, and nothing comes through it.
  server.isMute = true;
  for (const name of ['dot0-ams', 'dot1-fra']) maglevdOf(server).turn(name, down, Date.now());
  server.forget();
  const startedMs = Date.now();
  await page.clock.fastForward('08:00:00');
  await page.getByText('1 of 8 frontends serves nothing').waitFor();
  assert.ok(Date.now() - startedMs < 1500, `fresh after ${Date.now() - startedMs} ms`);
  assert.equal(server.streamCount, 1);
  await close();
});

test(
  'two maglevds: one dies and is shown, greyed with its age, the other goes on; they differ aloud',
  options,
  async () => {
    const server = await stage.serve('local', 'peer:9090');
    const [local, peer] = [maglevdOf(server), maglevdOf(server, 1)];
    const { page, faults, close } = await stage.open(`${server.origin}/view/`);
    await page.getByText('All 16 frontends are served').waitFor();
    server.send(...peer.turn('imap0-ams', down, Date.now()));
    server.send(...peer.setWeight('imap', 'primary', 'imap1-fra', 30));
    const differing = page.locator('[data-key="local/imap"] .differs');
    await differing.waitFor();
    assert.match(
      (await differing.getAttribute('title')) ?? '',
      /weight of imap1-fra in primary: 100 on local, 30 on/,
    );
    peer.status = {
      name: peer.name,
      connection: 'lost',
      since: new Date().toISOString(),
      reason: 'connection refused',
    };
    server.send({ t: 'status', maglevd: peer.name, status: peer.status });
    await page.locator('[data-tab="peer:9090"][data-connection="lost"]').waitFor();
    await page.getByText('8 of 16 frontends are served').waitFor();
    await page.getByText(/has been lost for \d+s: connection refused/).waitFor();
    assert.equal(await page.locator('.row.stale').count(), 8);
    assert.equal(await differing.count(), 0);
    server.send(...local.turn('git0-ams', down, Date.now()));
    await page.locator('[data-key="local/git"][data-health="degraded"]').waitFor();
    peer.status = { name: peer.name, connection: 'connected', since: new Date().toISOString() };
    server.send({ t: 'maglevd', maglevd: peer.name, picture: peer.picture() });
    await page.getByText('16 frontends are served').waitFor();
    assert.deepEqual(faults, []);
    await close();
  },
);

test('the first drawing is worst first already', options, async () => {
  const server = await stage.serve('local');
  const local = maglevdOf(server);
  local.drift = ['git'];
  for (const name of ['dot0-ams', 'dot1-fra', 'mirror0-ams']) local.turn(name, down, Date.now());
  const { page, close } = await stage.open(`${server.origin}/view/`);
  await page.locator('[data-key]').first().waitFor();
  const order = await page
    .locator('[data-key]')
    .evaluateAll((rows) => rows.map((row) => row.getAttribute('data-key')));
  assert.deepEqual(order.slice(0, 4), ['local/dns-over-tls', 'local/git', 'local/mirror', 'local/www-v4']);
  await close();
});

test('rows stay under the pointer until one asks', options, async () => {
  const server = await stage.serve('local');
  const { page, close } = await stage.open(`${server.origin}/view/`);
  await page.getByText('All 8 frontends are served').waitFor();
  await page.locator('[data-key="local/www-v4"]').hover();
  for (const name of ['dot0-ams', 'dot1-fra']) server.send(...maglevdOf(server).turn(name, down, Date.now()));
  const offer = page.getByRole('button', { name: '1 changed, show' });
  await offer.waitFor();
  assert.equal(await page.locator('[data-key]').first().getAttribute('data-key'), 'local/www-v4');
  await offer.press('Enter');
  await page.waitForFunction(
    () => document.querySelector('[data-key]')?.getAttribute('data-key') === 'local/dns-over-tls',
  );
  await close();
});

test('events: paused they stand, filtered they are few', options, async () => {
  const server = await stage.serve('local');
  const { page, close } = await stage.open(`${server.origin}/view/`);
  await page.getByRole('button', { name: 'Events' }).click();
  await page.getByText('No event since this page was opened.').waitFor();
  server.send(...maglevdOf(server).turn('imap0-ams', down, Date.now()));
  await page.locator('#event-list li').waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  server.send(...maglevdOf(server).turn('git0-ams', down, Date.now()));
  await page.getByRole('button', { name: 'Resume, 1 new' }).waitFor();
  assert.equal(await page.locator('#event-list li').count(), 1);
  await page.getByRole('button', { name: 'Resume, 1 new' }).click();
  await page.locator('#event-list li', { hasText: 'git0-ams' }).waitFor();
  await page.getByRole('searchbox', { name: 'Filter events' }).fill('imap0');
  await page.waitForFunction(() => document.querySelectorAll('#event-list li').length === 1);
  await close();
});

test('API calls to VPP are counted as they go, and pulse', options, async () => {
  const server = await stage.serve('local');
  const local = maglevdOf(server);
  const { page, faults, close } = await stage.open(`${server.origin}/view/#/maglevd/local`);
  const panel = page.getByRole('region', { name: 'VPP' });
  await panel.getByText('48\u202f211').first().waitFor();
  const pulses = () =>
    page.evaluate(() => {
      const effects = document.getAnimations().map(({ effect }) => effect as KeyframeEffect);
      return effects.filter(({ target }) => target?.classList.contains('pulse')).length;
    });
  assert.equal(await pulses(), 0, 'nothing moves by itself');
  local.apiSent += 12;
  server.send({ t: 'vpp', maglevd: local.name, vpp: local.vpp(), drift: [] });
  await panel.getByText('48\u202f223').nth(1).waitFor();
  assert.equal(await pulses(), 2, 'one of calls, one of replies');
  assert.deepEqual(faults, []);
  await close();
});

test('the drawer says which weight an operator hid, and how old the last probe is', options, async () => {
  const server = await stage.serve('local');
  const local = maglevdOf(server);
  const place = `${server.origin}/view/#/maglevd/local/backend/local/imap0-ams`;
  const { page, faults, close } = await stage.open(place);
  await page.getByRole('heading', { name: 'imap0-ams' }).waitFor();
  assert.equal(await page.getByText('(file: 100)').count(), 0);
  server.send(...local.setWeight('imap', 'primary', 'imap0-ams', 30));
  await page.getByText('weight 30 (file: 100)').waitFor();
  const nowMs = Date.now();
  for (const ago of [330_000, 328_000, 326_000]) {
    server.send(local.probes(['imap0-ams'], () => 3, nowMs - ago));
  }
  await page.getByText(/^passed L7OK 3\.0 ms 5m2\ds ago$/).waitFor();
  await page.getByText('3 of the last 3 passed within 4s').waitFor();
  assert.deepEqual(faults, []);
  await close();
});

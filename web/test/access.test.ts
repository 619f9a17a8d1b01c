// The page for everybody: axe in both themes, keyboard alone, links to every place, the first paint, what
// is kept.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { whyNoBrowser } from './support/browser.ts';
import { down, maglevdOf, up, useStage } from './support/stage.ts';

const stage = useStage();
const options = { skip: whyNoBrowser, timeout: 120_000 };
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

async function violationsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run(options: object): Promise<{ violations: Violation[] }> };
    };
    interface Violation {
      id: string;
      nodes: { html: string; failureSummary: string }[];
    }
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const { violations } = await axe.run({ runOnly: { type: 'tag', values: tags } });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`),
    );
  });
}

for (const colorScheme of ['dark', 'light'] as const) {
  test(`axe finds nothing: ${colorScheme}`, options, async () => {
    const server = await stage.serve('local', 'peer:9090');
    const local = maglevdOf(server);
    for (const name of ['nginx1-fra', 'dot0-ams', 'dot1-fra', 'smtp0-ams', 'smtp1-fra', 'smtp2-lhr']) {
      local.turn(name, down, Date.now());
    }
    local.turn('api1-fra', { state: 'paused', code: 'paused', detail: 'by alice' }, Date.now());
    local.turn('api2-lhr', { state: 'disabled', code: 'disabled', detail: 'by alice' }, Date.now());
    local.turn('mirror0-ams', { state: 'unknown', code: 'enabled', detail: 'by alice' }, Date.now());
    local.drift = ['git'];
    maglevdOf(server, 1).status = {
      name: 'peer:9090',
      connection: 'lost',
      since: new Date().toISOString(),
      reason: 'refused',
    };
    const { page, faults, close } = await stage.open(`${server.origin}/admin/`, {
      colorScheme,
      reducedMotion: 'reduce',
    });
    await page.getByRole('button', { name: 'Events' }).click();
    server.send(...local.turn('imap0-ams', down, Date.now()));
    await page.locator('#event-list li').waitFor();
    for (const place of ['#/overview', '#/maglevd/local', '#/maglevd/local/backend/local/nginx1-fra']) {
      await page.goto(`${server.origin}/admin/${place}`);
      await page.waitForTimeout(300);
      assert.deepEqual(await violationsOf(page), [], place);
    }
    await page.getByRole('button', { name: 'Disable…' }).click();
    await page.getByText('Nothing moves.').waitFor();
    assert.deepEqual(await violationsOf(page), [], 'dialog');
    await page.keyboard.press('Escape');
    await page.goto(`${server.origin}/admin/#/maglevd/peer%3A9090`);
    await page.getByText('has been lost for').waitFor();
    assert.deepEqual(await violationsOf(page), [], 'a lost maglevd');
    assert.deepEqual(faults, []);
    await close();
  });
}

/** Tab until the focus is on something named `name`. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let i = 0; i < 80; i += 1) {
    await page.keyboard.press('Tab');
    const text = await page.evaluate(() => {
      const it = document.activeElement;
      return `${it?.getAttribute('aria-label') ?? ''} ${it?.textContent?.trim() ?? ''}`;
    });
    if (name.test(text)) return;
  }
  assert.fail(`no Tab leads to ${name}`);
}

test('keyboard alone: to a maglevd, into a drawer, through a change, and back', options, async () => {
  const server = await stage.serve('local');
  const local = maglevdOf(server);
  server.change = () => {
    server.send(...local.turn('nginx0-ams', { state: 'paused', code: 'paused', detail: '' }, Date.now()));
    return { status: 200, body: local.backends.get('nginx0-ams') };
  };
  const { page, close } = await stage.open(`${server.origin}/admin/`);
  await page.getByText('All 8 frontends are served').waitFor();
  await tabTo(page, /local/);
  await page.keyboard.press('Enter');
  await page.locator('[data-frontend="www-v4"]').waitFor();
  await tabTo(page, /nginx0-ams/);
  await page.keyboard.press('Enter');
  await page.getByRole('complementary', { name: 'Backend nginx0-ams on local' }).waitFor();
  await tabTo(page, /Pause…/);
  await page.keyboard.press('Enter');
  await page.getByText('Nothing moves.').waitFor();
  await tabTo(page, /^ ?Pause$/);
  await page.keyboard.press('Enter');
  await page.getByText('nginx0-ams is paused, says local.').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('Escape');
  await page.locator('[data-drawer]').waitFor({ state: 'detached' });
  const focused = await page.evaluate(() => document.activeElement?.textContent?.trim());
  assert.equal(focused, 'nginx0-ams', 'the focus is back where the drawer was opened');
  await page.keyboard.press('/');
  await page.keyboard.type('nginx1 443');
  await page.waitForFunction(() => document.querySelectorAll('[data-frontend]').length === 1);
  await close();
});

test('a changed value flashes once; never for those who want no motion', options, async () => {
  const server = await stage.serve('local');
  for (const reducedMotion of ['no-preference', 'reduce'] as const) {
    const { page, close } = await stage.open(`${server.origin}/view/`, { reducedMotion });
    await page.getByText('All 8 frontends are served').waitFor();
    await page.evaluate(() => {
      const animate = Element.prototype.animate;
      const seen: string[] = [];
      Object.assign(window, { seen });
      Element.prototype.animate = function (...all: Parameters<Element['animate']>) {
        seen.push(this.className);
        return animate.apply(this, all);
      };
    });
    const turn = reducedMotion === 'reduce' ? 'git1-fra' : 'git0-ams';
    server.send(...maglevdOf(server).turn(turn, down, Date.now()));
    const row = page.locator('[data-key="local/git"] .serve');
    await page.waitForFunction((it) => it?.textContent !== '3/3', await row.elementHandle());
    const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen.length);
    assert.equal(seen > 0, reducedMotion === 'no-preference');
    server.send(...maglevdOf(server).turn(turn, up, Date.now()));
    await close();
  }
});

test('not well only: what is well is hidden, and the count is told', options, async () => {
  const server = await stage.serve('local');
  const { page, close } = await stage.open(`${server.origin}/view/`);
  await page.getByText('All 8 frontends are served').waitFor();
  await page.getByRole('button', { name: 'not well only' }).click();
  await page.getByText('Nothing to look at: all 8 frontends are well.').waitFor();
  server.send(...maglevdOf(server).turn('imap0-ams', down, Date.now()));
  await page.getByText('1 of 8 frontends shown.').waitFor();
  assert.equal(await page.locator('[data-key]').count(), 1);
  await page.goto(`${server.origin}/view/#/maglevd/local`);
  await page.locator('[data-frontend="imap"]').waitFor();
  assert.equal(await page.locator('[data-frontend]').count(), 1);
  await close();
});

test('links to every card and drawer; closed cards and the last tab are remembered', options, async () => {
  const server = await stage.serve('local');
  const { page, close } = await stage.open(`${server.origin}/view/#/maglevd/local/frontend/mirror`);
  await page.locator('[data-frontend="mirror"].pointed').waitFor();
  assert.equal(
    await page
      .locator('[data-frontend="mirror"]')
      .evaluate((it) => it.getBoundingClientRect().top < innerHeight),
    true,
  );
  await page.getByRole('button', { name: 'mirror: backends' }).click();
  await page.locator('[data-backend="mirror0-ams"]').waitFor({ state: 'detached' });
  await page.goto(`${server.origin}/view/#/overview/backend/local/git0-ams`);
  await page.getByRole('complementary', { name: 'Backend git0-ams on local' }).waitFor();
  await page.goto(`${server.origin}/view/#/maglevd/local`);
  await page.locator('[data-frontend="mirror"]').waitFor();
  const again = await page.context().newPage();
  await again.goto(`${server.origin}/view/`);
  await again.locator('[data-frontend="mirror"]').waitFor();
  assert.equal(await again.locator('[data-backend="mirror0-ams"]').count(), 0);
  await again.goto(`${server.origin}/view/#/overview?q=nosuch`);
  await again.getByText('Nothing matches "nosuch" among 8 frontends.').waitFor();
  await again.goto(`${server.origin}/view/#/maglevd/nobody`);
  await again.getByText('No maglevd nobody here').waitFor();
  await close();
});

test(
  'no frontends, no daemon: each has its sentence; the first paint takes less than a second',
  options,
  async () => {
    const server = await stage.serve('local');
    const { page, close } = await stage.open(`${server.origin}/view/`);
    await page.getByText('All 8 frontends are served').waitFor();
    const paintMs = await page.evaluate(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
    );
    assert.ok(paintMs !== undefined && paintMs < 1000, `first paint after ${paintMs} ms`);
    server.send({
      t: 'maglevd',
      maglevd: 'local',
      picture: { ...maglevdOf(server).picture(), frontends: [], backends: [] },
    });
    await page.getByText('No frontends in the configuration of local.').waitFor();
    await close();
  },
);

for (const width of [360, 1280, 3840]) {
  test(`nothing is wider than a window of ${width} px`, options, async () => {
    const server = await stage.serve('local', 'peer:9090');
    const { page, close } = await stage.open(`${server.origin}/admin/`, { viewport: { width, height: 800 } });
    await page.locator('[data-key]').first().waitFor();
    for (const place of ['#/overview', '#/maglevd/local', '#/maglevd/local/backend/local/nginx1-fra']) {
      await page.goto(`${server.origin}/admin/${place}`);
      await page.waitForTimeout(200);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(over <= 0, `${place}: ${over} px too wide`);
      const drawerOver = await page.evaluate(() => {
        const it = document.querySelector('[data-drawer]');
        return it ? it.scrollWidth - it.clientWidth : 0;
      });
      assert.ok(drawerOver <= 0, `${place}: the drawer is ${drawerOver} px too wide`);
    }
    await close();
  });
}

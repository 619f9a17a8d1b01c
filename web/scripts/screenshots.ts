// Draws the pictures of docs/dashboard.md from the scripted server: run it after a build, look at what it
// made, and commit what changed.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { launchBrowser, openPage } from '../test/support/browser.ts';
import { FakeMaglevd, usualLayout } from '../test/support/fake-maglevd.ts';
import { ScriptedServer } from '../test/support/scripted-server.ts';

const imagesPath = join(import.meta.dirname, '..', '..', 'docs', 'images');
const secondMs = 1000;

interface View {
  readonly name: string;
  readonly place: string;
  readonly act?: (page: Page) => Promise<unknown>;
}
const views: readonly View[] = [
  { name: 'overview', place: '#/overview' },
  { name: 'maglevd', place: '#/maglevd/local' },
  { name: 'backend', place: '#/maglevd/local/backend/local/nginx2-lhr' },
];
const dialogView: View = {
  name: 'change',
  place: '#/maglevd/local/backend/local/api0-ams',
  act: async (page) => {
    await page.getByRole('button', { name: 'Disable…' }).click();
    await page.getByText('5 others').waitFor();
  },
};
const windows = [
  { width: 360, height: 780 },
  { width: 1280, height: 900 },
  { width: 3840, height: 2160 },
];

function makeFleet(nowMs: number): readonly [FakeMaglevd, FakeMaglevd] {
  const local = new FakeMaglevd('local', usualLayout(), nowMs);
  const peer = new FakeMaglevd('lb2.example.net:9090', usualLayout(), nowMs);
  const ago = (seconds: number) => nowMs - seconds * secondMs;
  for (const maglevd of [local, peer]) {
    for (const name of ['smtp0-ams', 'smtp1-fra', 'smtp2-lhr']) {
      maglevd.turn(name, { state: 'down', code: 'L4CON', detail: 'connection refused' }, ago(95));
    }
    for (const name of ['dot0-ams', 'dot1-fra']) {
      maglevd.turn(name, { state: 'down', code: 'L4TOUT', detail: 'no answer in 1s' }, ago(22));
    }
    maglevd.turn(
      'api2-lhr',
      { state: 'paused', code: 'paused', detail: 'by alice: kernel upgrade' },
      ago(3600),
    );
    maglevd.turn('nginx2-lhr', { state: 'down', code: 'L7TOUT', detail: 'no answer in 1s' }, ago(9000));
    maglevd.turn('nginx2-lhr', { state: 'up', code: 'L7OK', detail: 'HTTP 200' }, ago(8400));
    maglevd.setWeight('www-v4', 'primary', 'nginx2-lhr', 30);
    maglevd.turn('mirror3-zrh', { state: 'disabled', code: 'disabled', detail: 'by alice: disk' }, ago(7200));
  }
  local.turn('nginx1-fra', { state: 'down', code: 'L7STS', detail: 'HTTP 503' }, ago(4000));
  local.turn('nginx1-fra', { state: 'up', code: 'L7OK', detail: 'HTTP 200' }, ago(3000));
  local.turn('nginx1-fra', { state: 'down', code: 'L7STS', detail: 'HTTP 503' }, ago(630));
  local.drift = ['git'];
  return [local, peer];
}

/** Waves, some noise, and now and then one that is slow. */
function latencyMs(index: number, turn: number): number {
  const noise = ((turn * 7919 + index * 104_729) % 17) / 20;
  return 2.5 + Math.sin(turn / 7 + index) + noise + ((turn + index * 5) % 23 === 0 ? 6 : 0);
}

/** A few minutes of probes and traffic, and some events. */
function play(server: ScriptedServer): void {
  const nowMs = Date.now();
  for (const maglevd of server.maglevds as readonly FakeMaglevd[]) {
    for (let i = 0; i < 60; i += 1) {
      server.send(
        maglevd.probes(
          [...maglevd.backends.keys()],
          (index) => latencyMs(index, i),
          nowMs - (59 - i) * 2 * secondMs,
        ),
      );
      const wave = (index: number) => Math.round(9000 * (index + 1) * (1 + 0.3 * Math.sin(i / 4 + index)));
      server.send(maglevd.sample(nowMs - (60 - i) * 5 * secondMs, wave));
    }
    server.send(
      ...maglevd.turn('imap2-lhr', { state: 'down', code: 'L7TOUT', detail: 'no answer in 1s' }, nowMs),
    );
    server.send(...maglevd.turn('imap2-lhr', { state: 'up', code: 'L7OK', detail: 'HTTP 200' }, nowMs));
  }
}

const fleet = makeFleet(Date.now());
const server = new ScriptedServer(fleet);
server.preview = () => ({
  status: 200,
  body: {
    summary:
      'Disable api0-ams: 1 frontend, 19.6 % of new flows of api-v4 move to 5 others, ' +
      'its open flows are cut now.',
    frontends: [
      {
        frontend: 'api-v4',
        movedShare: 0.196,
        shareBefore: 0.196,
        shareAfter: 0,
        servingAfter: 5,
        cutsFlows: true,
      },
    ],
  },
});
await server.start();
mkdirSync(imagesPath, { recursive: true });
const browser = await launchBrowser();
for (const viewport of windows) {
  for (const colorScheme of ['dark', 'light'] as const) {
    const chosen = viewport.width === 3840 ? views.slice(0, 2) : [...views, dialogView];
    for (const { name, place, act } of chosen) {
      const { page, faults, close } = await openPage(browser, `${server.origin}/admin/${place}`, {
        viewport,
        colorScheme,
        reducedMotion: 'reduce',
      });
      await page.locator('[data-health]').first().waitFor();
      play(server);
      await page.waitForTimeout(800);
      await act?.(page);
      await page.screenshot({
        path: join(imagesPath, `dashboard-${name}-${viewport.width}-${colorScheme}.png`),
      });
      if (faults.length > 0) throw new Error(faults.join('\n'));
      await close();
    }
  }
}
await browser.close();
await server.stop();

// 1,000 backends with 200 transitions a second, all cards open: no task over 50 ms, no growing memory.
// MAGLEV_LOAD_SECONDS sets how long; the default is a minute.
import assert from 'node:assert/strict';
import { availableParallelism, loadavg } from 'node:os';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { launchBrowser, openPage, whyNoBrowser } from './support/browser.ts';
import { FakeMaglevd, largeLayout } from './support/fake-maglevd.ts';
import { measureFrames, measureMemory } from './support/frame-meter.ts';
import { ScriptedServer } from './support/scripted-server.ts';
import { down, up } from './support/stage.ts';

const seconds = Number(process.env['MAGLEV_LOAD_SECONDS'] ?? 60);
/** Before memory is first read: rings and the event panel have to be full. */
const warmSeconds = Math.min(15, seconds / 3);
const taskMsMax = 50;
const growthMiBMax = 4;

let browser: Browser | undefined;
before(async () => {
  if (whyNoBrowser === false) browser = await launchBrowser();
});
after(() => browser?.close());

/** 200 transitions and 500 probes a second, until `signal`. */
async function storm(server: ScriptedServer, maglevd: FakeMaglevd, signal: AbortSignal): Promise<void> {
  const names = [...maglevd.backends.keys()];
  const roundMs = 50;
  let turn = 0;
  let nextMs = Date.now();
  for (let round = 0; !signal.aborted; round += 1) {
    for (let i = 0; i < 10; i += 1) {
      const name = names[(turn * 37) % names.length] ?? '';
      const isUp = maglevd.backends.get(name)?.state === 'up';
      server.send(...maglevd.turn(name, isUp ? down : up, Date.now()));
      turn += 1;
    }
    const start = (round * 25) % names.length;
    server.send(maglevd.probes(names.slice(start, start + 25), (index) => 1 + ((index * 7 + round) % 40)));
    if (round % 100 === 0) server.send(maglevd.sample(Date.now(), (index) => 1000 * (index + 1)));
    nextMs += roundMs;
    await pause(Math.max(0, nextMs - Date.now()));
  }
}

const places = ['#/maglevd/local', '#/overview'];
for (const place of places) {
  const options = { skip: whyNoBrowser, timeout: (seconds * 2 + 90) * 1000 };
  test(`1,000 backends, 200 transitions/s, ${seconds} s at ${place}`, options, async (t) => {
    assert.ok(browser);
    const local = new FakeMaglevd('local', largeLayout(100, 10), Date.now());
    const server = new ScriptedServer([local]);
    await server.start();
    const end = new AbortController();
    const { page, faults, close } = await openPage(browser, `${server.origin}/view/${place}`);
    await page.locator('[data-health]').first().waitFor();
    await page.getByRole('button', { name: 'Events' }).click();
    const session = await page.context().newCDPSession(page);
    const storming = storm(server, local, end.signal);
    await pause(warmSeconds * 1000);
    const first = await measureFrames(browser, page, (seconds - warmSeconds) / 2);
    // By now the rings of probes are as full as they get in half of the time; what grows on is a leak.
    const early = await measureMemory(session);
    const second = await measureFrames(browser, page, (seconds - warmSeconds) / 2);
    const late = await measureMemory(session);
    end.abort();
    await storming;
    const events = await page.locator('#event-list li').count();
    await close();
    await server.stop();
    const figures = second.taskCpuMsMax > first.taskCpuMsMax ? second : first;
    const over = first.tasksOver50Ms + second.tasksOver50Ms;
    t.diagnostic(
      JSON.stringify({ figures, over, early, late, load: loadavg()[0], cores: availableParallelism() }),
    );
    assert.equal(events, 100, 'the storm has reached the page');
    assert.deepEqual(faults, []);
    // Where others want the same cores, the thread's own time swells too: caches are shared.
    const load = loadavg()[0] ?? 0;
    const isCrowded = load > availableParallelism() * 1.5;
    const allowed = isCrowded ? Math.ceil(seconds / 10) : 0;
    const said = `${over} tasks over ${taskMsMax} ms, the longest ${figures.taskCpuMsMax} ms`;
    const crowd = `at a load of ${load} on ${availableParallelism()} cores ${allowed} are allowed`;
    if (over > 0 && over <= allowed) t.diagnostic(`ALLOWANCE USED: ${said}; ${crowd}`);
    assert.ok(over <= allowed, `${said}; ${crowd}`);
    assert.ok(late.heapMiB - early.heapMiB < growthMiBMax, `heap ${early.heapMiB} -> ${late.heapMiB} MiB`);
    assert.ok(late.domNodes <= early.domNodes * 1.05, `nodes ${early.domNodes} -> ${late.domNodes}`);
  });
}

// A browser, a scripted server and its maglevds for one test file; each test gets a page of its own.
import { after, before } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchBrowser, openPage, type WatchedPage, whyNoBrowser } from './browser.ts';
import { FakeMaglevd, usualLayout } from './fake-maglevd.ts';
import { ScriptedServer } from './scripted-server.ts';

export const down = { state: 'down', code: 'L7STS', detail: 'HTTP 503' } as const;
export const up = { state: 'up', code: 'L7OK', detail: 'HTTP 200' } as const;

export interface Stage {
  /** A server with maglevds of these names, stopped by `close`. */
  serve(...names: readonly string[]): Promise<ScriptedServer>;
  open(
    url: string,
    options?: BrowserContextOptions,
    prepare?: (page: Page) => Promise<unknown>,
  ): Promise<WatchedPage>;
}

/** Launches one browser for the tests of a file. */
export function useStage(): Stage {
  let browser: Browser | undefined;
  const servers: ScriptedServer[] = [];
  before(async () => {
    if (whyNoBrowser === false) browser = await launchBrowser();
  });
  after(async () => {
    await browser?.close();
    for (const server of servers) await server.stop();
  });
  return {
    serve: async (...names) => {
      const maglevds = names.map((name) => new FakeMaglevd(name, usualLayout(), Date.now()));
      const server = new ScriptedServer(maglevds);
      servers.push(server);
      await server.start();
      return server;
    },
    open: (url, options, prepare) => {
      if (browser === undefined) throw new Error(String(whyNoBrowser));
      return openPage(browser, url, options, prepare);
    },
  };
}

/** The maglevd at `index` of a server. */
export function maglevdOf(server: ScriptedServer, index = 0): FakeMaglevd {
  const maglevd = server.maglevds[index];
  if (maglevd === undefined) throw new Error(`the server has no maglevd ${index}`);
  return maglevd;
}

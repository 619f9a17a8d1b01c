// Debian's Chromium under playwright-core, and a page that remembers what went wrong in it.
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Why browser tests cannot run; `false` where they can. As node:test's `skip`. */
export const whyNoBrowser: string | false = places.some((place) => existsSync(place))
  ? false
  : 'no Chromium: install it with "apt-get install chromium", then run the browser tests again';

export async function launchBrowser(): Promise<Browser> {
  const executablePath = places.find((place) => existsSync(place));
  if (executablePath === undefined) throw new Error(String(whyNoBrowser));
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'], timeout: 30_000 });
}

export interface WatchedPage {
  readonly page: Page;
  /**
   * Errors in the console, exceptions, and requests to other origins; what a broken connection logs is no
   * error.
   */
  readonly faults: readonly string[];
  close(): Promise<void>;
}

const isOfConnection = (text: string) => /net::ERR_|Failed to load resource/.test(text);

/** Opens `url` in a context of its own. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  prepare: (page: Page) => Promise<unknown> = async () => undefined,
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !isOfConnection(message.text())) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(String(error)));
  const { origin } = new URL(url);
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith('data:')) faults.push(request.url());
  });
  await prepare(page);
  await page.goto(url);
  return { page, faults, close: () => context.close() };
}

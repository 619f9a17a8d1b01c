// Links to headings, snippets, manual pages, packaging and Prometheus files, held against what is there.
// (That links to files lead somewhere, and that named flags and scripts exist, is in docs.test.ts.)
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/parse.ts';
import { usageText } from '../../src/flags.ts';

const root = resolve(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const pages = [
  'README.md',
  'CHANGELOG.md',
  ...['client/README.md', 'tester/README.md', 'web/README.md'].filter((path) => existsSync(join(root, path))),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

interface Snippet {
  readonly page: string;
  readonly language: string;
  readonly body: string;
}

const snippets: readonly Snippet[] = pages.flatMap((page) =>
  Array.from(read(page).matchAll(/^```([a-z]*)\n([\s\S]*?)^```$/gm), ([, language = '', body = '']) => ({
    ...{ page, language, body },
  })),
);

/** As GitHub makes them of headings. */
function anchorsOf(page: string): Set<string> {
  const text = read(page).replaceAll(/^```[\s\S]*?^```$/gm, '');
  const headings = Array.from(text.matchAll(/^#+ (.*)$/gm), ([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

test('links lead to files and headings that exist', () => {
  let count = 0;
  for (const page of pages) {
    const text = read(page).replaceAll(/^```[\s\S]*?^```$/gm, '');
    for (const [, path = '', anchor] of text.matchAll(/\]\(([^)#\s]*)(?:#([^)]*))?\)/g)) {
      if (/^[a-z]+:/.test(path)) continue;
      const target = path === '' ? page : relative(root, resolve(root, dirname(page), path));
      assert.ok(existsSync(join(root, target)), `${page}: ${path} does not exist`);
      count += 1;
      if (anchor === undefined || !target.endsWith('.md')) continue;
      assert.ok(anchorsOf(target).has(anchor), `${page}: ${target} has no heading #${anchor}`);
    }
  }
  assert.ok(count > 40, `${count} links`);
});

test('a page that another names by file and heading has that heading', () => {
  const named = /docs\/([a-z-]+\.md), \\?"([^"\\]+)\\?"/g;
  const sources = [...pages, 'docs/prometheus/alerts.yaml', 'docs/prometheus/grafana-dashboard.json'];
  const found = sources.flatMap((source) => Array.from(read(source).matchAll(named)));
  assert.ok(found.length >= 3);
  for (const [, page = '', heading = ''] of found) {
    assert.match(read(`docs/${page}`), new RegExp(`^#+ ${heading}$`, 'm'), `docs/${page}: ${heading}`);
  }
});

test('snippets of configuration are valid as they stand, those of JSON can be parsed', () => {
  let whole = 0;
  for (const { page, language, body } of snippets) {
    if (language === 'json') assert.doesNotThrow(() => JSON.parse(body), `${page}: ${body}`);
    if (language !== 'yaml' && language !== 'yml') continue;
    assert.doesNotThrow(() => parse(body), `${page}: ${body}`);
    if (!body.startsWith('maglev:')) continue;
    whole += 1;
    const result = parseConfig(body);
    assert.ok(result.ok, `${page}: ${JSON.stringify(result.ok ? '' : result.errors)}\n${body}`);
  }
  assert.ok(whole > 0);
});

test('snippets of the shell can be read by it', () => {
  for (const { page, body } of snippets.filter(({ language }) => language === 'sh')) {
    assert.doesNotThrow(() => execFileSync('sh', ['-n'], { input: body, stdio: 'pipe' }), `${page}: ${body}`);
  }
});

/** Flags, variables and defaults of a usage text, as `--name` and `[MAGLEV_NAME]`. */
const wordsOf = (text: string, form: RegExp) => new Set(Array.from(text.matchAll(form), ([word]) => word));
const plain = (manual: string) => manual.replaceAll('\\-', '-').replaceAll(/\\f[BIR]/g, '');

const usages = [
  ['docs/man/maglevd.8', usageText],
  [
    'docs/man/maglevd-frontend.8',
    // By its path: the frontend is a program of its own, and no part of the server.
    async () => (await import(join(root, 'web/server/flags.ts'))).usageText() as string,
  ],
] as const;

for (const [page, usage] of usages) {
  test(`${page} names the flags, variables and defaults that --help names, and no others`, async () => {
    const help = await usage();
    const manual = plain(read(page));
    const table = manual
      .slice(manual.indexOf('.SH FLAGS\n'), manual.indexOf('.SH SIGNALS'))
      .replace('--flag,', '');
    const defined = wordsOf(help.replaceAll(/no effect yet|maglevd hash-password/g, ''), /--[a-z][a-z-]+/g);
    assert.deepEqual(wordsOf(table, /--[a-z][a-z-]+/g), defined);
    assert.deepEqual(wordsOf(table, /\bMAGLEV_[A-Z_]+/g), wordsOf(help, /\bMAGLEV_[A-Z_]+/g));
    for (const [, initial = ''] of help.matchAll(/default ([^),]+)/g)) {
      assert.ok(table.includes(`default ${initial}`), `${page}: default ${initial}`);
    }
  });
}

test('/etc/default/vpp-maglev documents every variable, with its default', async () => {
  const text = read('debian/vpp-maglev.default');
  for (const [, usage] of usages) {
    const help = await usage();
    for (const name of wordsOf(help, /\bMAGLEV_[A-Z_]+/g)) {
      assert.match(text, new RegExp(`^#?${name}=`, 'm'), `debian/vpp-maglev.default: ${name}`);
    }
    for (const line of help.split('\n')) {
      const initial = /default ([^),]+)/.exec(line)?.[1];
      const name = /MAGLEV_[A-Z_]+/.exec(line)?.[0];
      if (!initial || !name) continue;
      const shown = `#${name}=${initial === 'empty' ? '' : initial}\n`;
      assert.ok(text.includes(shown), `debian/vpp-maglev.default: ${shown}`);
    }
  }
});

test('alert rules and dashboard ask for metrics that maglevd has', () => {
  const sources = readdirSync(join(root, 'server/src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => read(join('server/src', name)))
    .join('\n');
  for (const path of ['docs/prometheus/alerts.yaml', 'docs/prometheus/grafana-dashboard.json']) {
    const names = wordsOf(read(path), /\bmaglev_[a-z_]+/g);
    assert.ok(names.size > 8, path);
    for (const name of names) {
      assert.ok(sources.includes(`'${name.replace(/_bucket$/, '')}'`), `${path}: there is no ${name}`);
    }
  }
});

const promtool = ['/usr/bin/promtool', '/usr/local/bin/promtool'].find(existsSync);
const skip = promtool === undefined && 'promtool is missing: apt-get install prometheus';

test('promtool takes the alert rules, and their unit tests pass', { skip }, () => {
  const cwd = join(root, 'docs/prometheus');
  for (const words of [
    ['check', 'rules', 'alerts.yaml'],
    ['test', 'rules', 'alerts.test.yaml'],
  ]) {
    const output = execFileSync(promtool ?? '', words, { cwd, encoding: 'utf8' });
    assert.match(output, /SUCCESS/);
  }
});

test('every alert rule is proven by a unit test', () => {
  const rules = Array.from(read('docs/prometheus/alerts.yaml').matchAll(/alert: (\w+)/g), ([, name]) => name);
  const proofs = read('docs/prometheus/alerts.test.yaml');
  assert.ok(rules.length > 5);
  for (const name of rules) assert.ok(proofs.includes(`${name}`), `alerts.test.yaml: ${name}`);
});

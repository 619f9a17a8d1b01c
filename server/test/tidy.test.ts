// The style of the house as a test: direction of imports, homes of time and randomness, line length, dead
// files. (Length of functions and files, and format, are Biome's; see biome.json.)
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';

const serverDir = resolve(import.meta.dirname, '..');
const lineLengthMax = 110;

interface Source {
  /** Path below server/. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function readSources(...folders: string[]): Source[] {
  return folders.flatMap((folder) =>
    readdirSync(join(serverDir, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readSource(join(folder, name))),
  );
}

function readSource(path: string): Source {
  const text = readFileSync(join(serverDir, path), 'utf8');
  const specifiers = text.matchAll(/(?:from|import\(|^import) ?'(\.[^']+)'/gm);
  const imports = Array.from(specifiers, ([, specifier = '']) =>
    relative(serverDir, resolve(serverDir, dirname(path), specifier)),
  );
  return { path, text, imports };
}

/** The dashboard, whose templates no formatter wraps. */
function readPages(): readonly Pick<Source, 'path' | 'text'>[] {
  return ['src', 'server', 'test', 'scripts'].flatMap((folder) =>
    readdirSync(join(serverDir, '../web', folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|svelte|css)$/.test(name))
      .map((name) => join('../web', folder, name))
      .map((path) => ({ path, text: readFileSync(join(serverDir, path), 'utf8') })),
  );
}

const sources = readSources('src');
const all = [...sources, ...readSources('test', 'bench', 'native', 'scripts')];
const isTest = ({ path }: Source) => path.endsWith('.test.ts');
const product = sources.filter((source) => !isTest(source));

/** Rooms by layer; a file may import from its own layer and from those before it. */
const layers: readonly (readonly string[])[] = [
  ['lib'],
  [
    ...['config', 'health', 'events', 'version.ts'],
    ...['native.ts', 'native-engine.ts', 'native-vpp.ts', 'native-notify.ts'],
  ],
  ['probes', 'overrides'],
  ['checker', 'dataplane'],
  ['control.ts'],
  ['metrics'],
  ['api'],
  ['demo'],
  ['logger.ts', 'demo.ts', 'flags.ts', 'daemon.ts', 'service-notify.ts'],
  ['main.ts'],
];
/** Rooms of one layer that know each other: `events` tells of configuration and health, never the reverse. */
const inwards: Readonly<Record<string, readonly string[]>> = {
  config: [],
  health: ['config'],
  events: ['config', 'health'],
  probes: ['native.ts', 'native-engine.ts', 'version.ts'],
  overrides: [],
  // The loader is one for the whole addon; what it says of VPP stands in a file of its own.
  'native.ts': ['native-engine.ts', 'native-vpp.ts', 'native-notify.ts'],
  'native-engine.ts': ['native.ts'],
  'native-vpp.ts': ['native.ts'],
};

function roomOf(path: string): string {
  const [, room = ''] = path.split('/');
  return room;
}
const layerOf = (room: string) => layers.findIndex((rooms) => rooms.includes(room));

test('every room has its layer', () => {
  for (const { path } of product)
    assert.ok(layerOf(roomOf(path)) >= 0, `${path}: name its room in tidy.test.ts`);
});

test('imports go from the shell to the rules, never back', () => {
  for (const { path, imports } of product) {
    const room = roomOf(path);
    for (const imported of imports) {
      assert.ok(imported.startsWith('src/'), `${path} imports ${imported}: product code stays in src`);
      const target = roomOf(imported);
      if (target === room) continue;
      const sameLayer = layerOf(target) === layerOf(room);
      const allowed = sameLayer ? (inwards[room] ?? []).includes(target) : layerOf(target) < layerOf(room);
      assert.ok(allowed, `${path} may not import ${imported}`);
    }
  }
});

test('the overrides know the configuration, but no probe and no checker', () => {
  for (const { path, imports } of product.filter(({ path }) => roomOf(path) === 'overrides')) {
    for (const imported of imports) {
      assert.ok(['lib', 'config', 'overrides'].includes(roomOf(imported)), `${path} imports ${imported}`);
    }
  }
});

/** What has one home, and which. */
const homes: readonly (readonly [pattern: RegExp, what: string, homes: readonly string[]])[] = [
  [/\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/, 'the time (use a Clock)', ['src/lib/clock.ts']],
  [/\bMath\.random\b|\brandomInt\b/, 'randomness (use a Prng)', ['src/lib/prng.ts']],
  [/\bset(Timeout|Interval|Immediate)\(/, 'timers (use a Clock)', ['src/lib/clock.ts']],
  [/\bprocess\.(env|argv)\b/, 'the environment', ['src/main.ts']],
  [/\bprocess\.(on|exit)\(/, 'signals and exits', ['src/main.ts']],
  [/\bconsole\./, 'the console (use a Log)', []],
  [/from 'node:fs(\/promises)?'/, 'files', filesHomes()],
];

/**
 * Who touches files: configuration, credentials and certificates are read, overrides are stored, the API and
 * the demo have sockets; version and metrics look at themselves.
 */
function filesHomes(): readonly string[] {
  return [
    'src/config/load.ts',
    'src/api/auth-file.ts',
    'src/api/tls-files.ts',
    'src/api/unix-socket.ts',
    'src/demo.ts',
    'src/overrides/store.ts',
    'src/logger.ts',
    'src/version.ts',
    'src/metrics/registry.ts',
    'src/probes/network.ts',
  ];
}

test('time, randomness, environment and files have one home each', () => {
  for (const { path, text } of product) {
    const code = text.replaceAll(/\/\/.*$|\/\*[\s\S]*?\*\//gm, '');
    for (const [pattern, what, allowed] of homes) {
      const hit = pattern.exec(code);
      assert.ok(
        hit === null || allowed.includes(path),
        `${path}: ${hit?.[0]}: ${what} has its home elsewhere`,
      );
    }
  }
});

test('lines stay within the page', () => {
  for (const { path, text } of [...all, ...readPages()]) {
    for (const [index, line] of text.split('\n').entries()) {
      assert.ok(line.length <= lineLengthMax, `${path}:${index + 1} has ${line.length} characters`);
    }
  }
});

test('components begin with what they are for', () => {
  const components = readPages().filter(({ path }) => path.endsWith('.svelte'));
  assert.ok(components.length > 15);
  for (const { path, text } of components)
    assert.match(text, /^<!-- \S/, `${path}: say first what it is for`);
});

test('every product file begins with what it is for', () => {
  for (const { path, text } of product)
    assert.match(text, /^\/\/ \S/, `${path}: say first what the file is for`);
});

test('no swallowed errors, no left-over marks, no escape hatches', () => {
  for (const { path, text } of all.filter(({ path }) => path !== 'test/tidy.test.ts')) {
    assert.doesNotMatch(text, /catch\s*(\([^)]*\))?\s*\{\s*\}/, `${path}: an empty catch`);
    assert.doesNotMatch(text, /\b(FIXME|TODO|XXX|HACK)\b/, `${path}: unfinished`);
    assert.doesNotMatch(
      text,
      /@ts-(ignore|nocheck|expect-error)|\bas any\b|: any\s*[;,)=[\]>]/,
      `${path}: an escape hatch`,
    );
    assert.doesNotMatch(text, /\.only\(|\bit\.only\b/, `${path}: a test that runs alone`);
  }
});

test('no file is dead', () => {
  const reachable = new Set<string>();
  const entries = all.filter(
    (source) =>
      isTest(source) ||
      /^(src\/main|(bench|native\/test|test\/sim|test\/fuzz|scripts)\/[a-z-]+)\.ts$/.test(source.path),
  );
  const byPath = new Map(all.map((source) => [source.path, source]));
  const visit = (path: string) => {
    if (reachable.has(path)) return;
    reachable.add(path);
    for (const imported of byPath.get(path)?.imports ?? []) visit(imported);
  };
  for (const { path } of entries) visit(path);
  // Started by path, in a process of their own.
  const spawned = (path: string) => all.some(({ text }) => text.includes(`${path.split('/').at(-1)}'`));
  for (const { path } of all) assert.ok(reachable.has(path) || spawned(path), `${path} is used by nobody`);
});

test('product code is reached from main, not only from tests', () => {
  const reachable = new Set<string>();
  const byPath = new Map(product.map((source) => [source.path, source]));
  const visit = (path: string) => {
    if (reachable.has(path)) return;
    reachable.add(path);
    for (const imported of byPath.get(path)?.imports ?? []) visit(imported);
  };
  visit('src/main.ts');
  for (const { path } of product) assert.ok(reachable.has(path), `${path} is used by tests only`);
});

// Bundles maglevc for packages into build/: maglevc.cjs is what a launcher starts, program.cjs all of the
// program, program.cache its compiled form, so that nothing is compiled at the start. Run by `npm run build`.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';

const clientDir = join(import.meta.dirname, '..');
const buildDir = join(clientDir, 'build');

function git(...words: readonly string[]): string | undefined {
  try {
    return execFileSync('git', [...words], {
      cwd: clientDir,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch (error) {
    process.stderr.write(`no git here, the bundle does not name its commit: ${(error as Error).message}\n`);
    return undefined;
  }
}

/** As the daemon says it: version, commit and its date; the closing bracket comes with Node's version. */
function buildText(): string {
  const { version } = JSON.parse(readFileSync(join(clientDir, 'package.json'), 'utf8'));
  const commit = git('rev-parse', '--short=12', 'HEAD');
  if (commit === undefined) return `${version} (commit unknown`;
  const dirty = git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '-dirty';
  return `${version} (commit ${commit}${dirty}, ${git('log', '-1', '--format=%cI')}`;
}

/** Parts that are loaded late, each a file of its own: `show version` does without them. */
const lateParts: Readonly<Record<string, string>> = {
  './api/grpc.ts': 'grpc.cjs',
  './shell.ts': 'shell.cjs',
  yaml: 'yaml.cjs',
};

const common = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node26',
  minify: true,
  legalComments: 'inline',
  // What is imported late stays late: modules of Node, too, are required where they are needed.
  supported: { 'dynamic-import': false },
  define: { maglevcBuild: JSON.stringify(buildText()), 'import.meta.url': '""' },
  logLevel: 'warning',
} as const satisfies BuildOptions;

rmSync(buildDir, { recursive: true, force: true });
mkdirSync(buildDir, { recursive: true });
await build({
  ...common,
  entryPoints: [join(clientDir, 'src/main.ts')],
  outfile: join(buildDir, 'program.cjs'),
  plugins: [
    {
      // clipanion opens all standard streams when it is loaded; we hand it ours, and do not wait for those.
      name: 'closed-streams',
      setup({ onLoad }) {
        onLoad({ filter: /clipanion\/lib\/advanced\/Cli\.m?js$/ }, ({ path }) => {
          const text = readFileSync(path, 'utf8');
          const contents = text.replaceAll(
            /^(\s+(?:stdin|stderr): )process\.std(?:in|err),$/gm,
            '$1undefined,',
          );
          if (contents === text) throw new Error(`${path}: where are its standard streams?`);
          return { contents, loader: 'js' };
        });
      },
    },
    {
      name: 'late-parts',
      setup({ onResolve }) {
        onResolve({ filter: /./ }, ({ path, kind }) => {
          const part = kind === 'dynamic-import' ? lateParts[path] : undefined;
          return part === undefined ? undefined : { path: `./${part}`, external: true };
        });
      },
    },
  ],
});
for (const [path, part] of Object.entries(lateParts)) {
  const entry = path.startsWith('.') ? join(clientDir, 'src', path) : path;
  await build({ ...common, entryPoints: [entry], outfile: join(buildDir, part) });
}
writeFileSync(join(buildDir, 'maglevc.cjs'), readFileSync(join(import.meta.dirname, 'start.cjs')));
await makeCache();

/**
 * Compiled code holds the functions that ran before it was made: the whole way of `show version` is gone
 * once, against a daemon that is only an answer.
 */
async function makeCache(): Promise<void> {
  const body = JSON.stringify({ version: '0', commit: '0', date: '0', node: '0' });
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader('content-type', 'application/json');
    response.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const words = [join(buildDir, 'maglevc.cjs'), '--server', `127.0.0.1:${port}`, 'show', 'version'];
  const env = { MAGLEVC_MAKE_CACHE: join(buildDir, 'program.cache') };
  const [code] = await once(
    spawn(process.execPath, words, { env, stdio: ['ignore', 'ignore', 'inherit'] }),
    'exit',
  );
  server.close();
  if (code !== 0) throw new Error(`the bundle does not run: exit code ${code}`);
}

// Bundles maglevd and maglevd-frontend, one file each, for a package: no node_modules, no TypeScript. Knows which
// files the sources read beside themselves, and where a package has them; nothing of packages otherwise.
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';

export const rootDir = resolve(import.meta.dirname, '../..');

/** Files that sources find by `new URL(..., import.meta.url)`, and their place beside the bundles. */
const filesBeside: Readonly<Record<string, string>> = {
  'server/package.json': './package.json',
  'server/build/build-info.json': './build-info.json',
  'server/native/build/maglev.node': './maglev.node',
  'web/dist': './web/',
};

/** CommonJS parts of a bundle want these; `__dirname` is where @fastify/swagger-ui looks for `static/`. */
const commonJsNames = [
  "import { createRequire as createRequireOfBundle } from 'node:module';",
  'const require = createRequireOfBundle(import.meta.url);',
  'const __filename = import.meta.filename;',
  'const __dirname = import.meta.dirname;',
].join('\n');

const urlForm = /new URL\(\s*'([^']+)',\s*import\.meta\.url,?\s*\)/g;

/** Points the sources to the files of the package. Throws for a file that the table does not know. */
export function moveFiles(source: string, path: string): string {
  const text = source.replaceAll(urlForm, (_, file: string) => {
    const target = relative(rootDir, resolve(dirname(path), file));
    const place = filesBeside[target];
    if (place === undefined) throw new Error(`${path} reads ${target}: name its place in bundle.ts`);
    return `new URL('${place}', import.meta.url)`;
  });
  if (/import\.meta\.(dirname|filename)/.test(text)) {
    throw new Error(`${path}: import.meta.dirname means another folder in a bundle: use new URL`);
  }
  return text;
}

const movePlugin: Plugin = {
  name: 'move-files',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (path.includes('/node_modules/')) return undefined;
      return { contents: moveFiles(readFileSync(path, 'utf8'), path), loader: 'ts' };
    });
  },
};

const swaggerStatic = "path.join(__dirname, '..', 'static')";

/** @fastify/swagger-ui looks for its files beside its own folder; here they stand beside the bundle. */
const swaggerPlugin: Plugin = {
  name: 'swagger-static',
  setup({ onLoad }) {
    onLoad({ filter: /@fastify\/swagger-ui\/lib\/routes\.js$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      if (!source.includes(swaggerStatic)) throw new Error(`${path}: where are its files?`);
      return { contents: source.replace(swaggerStatic, "path.join(__dirname, 'static')"), loader: 'js' };
    });
  },
};

/** Writes `outfile`; the same sources give the same bytes. */
export async function bundle(entry: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [join(rootDir, entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node26',
    // Not minified: stack traces name functions, and xz takes back what the size costs.
    legalComments: 'none',
    banner: { js: commonJsNames },
    absWorkingDir: rootDir,
    plugins: [movePlugin, swaggerPlugin],
    logLevel: 'warning',
  });
  // V8 keeps a source with one such letter in two bytes a letter.
  const wide = /.{0,40}[^\0-\xff]/.exec(readFileSync(outfile, 'utf8'));
  if (wide !== null) throw new Error(`${outfile}: a letter beyond Latin-1: ${wide[0]}`);
}

// The licences of everything from npm that the bundles hold. Reads the lock file; knows nothing of packages.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootDir } from './bundle.ts';

interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly link?: boolean;
}

/** Built into the dashboard, though its workspace needs it only to build. */
const builtIn: readonly string[] = ['node_modules/svelte'];

/** One text: name, version and licence of each package, and the licence's words, sorted by name. */
export function collectLicenses(): string {
  const { packages } = JSON.parse(readFileSync(join(rootDir, 'package-lock.json'), 'utf8'));
  const parts = Object.entries(packages as Readonly<Record<string, Locked>>)
    .filter(([path, { dev, optional, link }]) => {
      return builtIn.includes(path) || (path.startsWith('node_modules/') && !dev && !optional && !link);
    })
    .sort(([first], [second]) => (first < second ? -1 : 1))
    .map(([path, locked]) => describe(path, locked));
  return parts.join('\n');
}

function describe(path: string, { version = '', license = 'unknown' }: Locked): string {
  const folder = join(rootDir, path);
  if (!existsSync(folder)) throw new Error(`${path} is not installed: run npm ci`);
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const file = readdirSync(folder).find((each) => /^(licen[cs]e|copying)/i.test(each));
  const text =
    file === undefined ? 'The package brings no licence text.' : readFileSync(join(folder, file), 'utf8');
  return `${'='.repeat(80)}\n${name} ${version}: ${license}\n\n${text.trim()}\n`;
}

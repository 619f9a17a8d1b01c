// Who this program is: version, commit and date. A bundle has them built in; the sources read their package.
import { readFileSync } from 'node:fs';

/** Put here by scripts/bundle.ts. */
declare const maglevcBuild: string | undefined;

export function clientVersion(): string {
  const build = typeof maglevcBuild === 'string' ? maglevcBuild : sourceBuild();
  return `${build}, Node.js ${process.versions.node})`;
}

function sourceBuild(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return `${manifest.version} (from sources`;
}

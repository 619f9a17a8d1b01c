// Who we are: version, commit and date of this build. Reads two small files; knows nothing else.
import { readFileSync } from 'node:fs';

interface BuildInfo {
  readonly commit: string;
  readonly date: string;
}

const manifest: { readonly version: string } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);

/** Written by `npm run build`, for the server and for us; a tree that was never built has none. */
function readBuildInfo(): BuildInfo {
  for (const place of ['../build/build-info.json', '../../server/build/build-info.json']) {
    try {
      return JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return { commit: 'unknown', date: 'unknown' };
}

/** `maglevt 0.1.0 (commit ..., date, Node.js ...)` */
export function versionText(): string {
  const { commit, date } = readBuildInfo();
  return `maglevt ${manifest.version} (commit ${commit}, ${date}, Node.js ${process.versions.node})`;
}

export const userAgent = `maglevt/${manifest.version}`;

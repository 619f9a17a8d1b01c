// Who we are: version, commit and date of this build. Reads two small files once; knows nothing of the
// daemon.
import { readFileSync } from 'node:fs';

interface Manifest {
  readonly version: string;
  readonly homepage: string;
}
interface BuildInfo {
  readonly commit: string;
  readonly date: string;
}

const manifest: Manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** Written by `npm run build`; a tree that was never built has none. */
function readBuildInfo(): BuildInfo {
  try {
    return JSON.parse(readFileSync(new URL('../build/build-info.json', import.meta.url), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { commit: 'unknown', date: 'unknown' };
  }
}

const { commit, date } = readBuildInfo();

export const version = manifest.version;
/** Abbreviated hash of the commit, with `-dirty` for a changed tree. */
/** Date of that commit, RFC 3339. */
export { commit, date };
export const nodeVersion = process.versions.node;
export const userAgent = `maglevd/${manifest.version} (+${manifest.homepage})`;
export const versionText = `maglevd ${version} (commit ${commit}, ${date}, Node.js ${nodeVersion})`;

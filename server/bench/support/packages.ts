// Which programs are installed, and how to get those that are not.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Package } from '../trial.ts';

/** nginx and HAProxy lie where the path of a plain user does not lead. */
export const searchPath = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

export function hasProgram({ program }: Package): boolean {
  return searchPath.split(':').some((folder) => folder !== '' && existsSync(join(folder, program)));
}

/** A sentence with the command that installs what is missing; undefined when nothing is. */
export function missingText(needed: readonly Package[]): string | undefined {
  const missing = [...new Set(needed.filter((one) => !hasProgram(one)).map(({ name }) => name))].sort();
  return missing.length === 0 ? undefined : `missing packages: apt-get install ${missing.join(' ')}`;
}

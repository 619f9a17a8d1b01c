// Warns where the weights that VPP gets are not quite those of the file. It must not refuse anything.
import type { Frontend, Pool } from './config.ts';
import { quote } from './path.ts';
import { largestWeight, programmedWeight } from './programmed-weight.ts';
import { type Check, listSections, openSection, type Section, warn } from './readers.ts';

/** A share that rounding shifts by more than this part of itself is worth a warning. */
const shiftMax = 0.1;
/** Beyond this part of the table, weights no longer give proportional shares. */
const tableShareMax = 0.25;

/** Adds at most one warning to each pool of `frontend`, and one to its table length. */
export function adviseWeights(check: Check, section: Section, frontend: Frontend): void {
  const largest = largestWeight(frontend);
  const sections = listSections(section, 'pools');
  let fullest = { name: '', sum: 0 };
  for (const [index, pool] of frontend.pools.entries()) {
    const programmed = pool.backends.map(({ weight }) =>
      programmedWeight(weight, frontend.weightSteps, largest),
    );
    const sum = programmed.reduce((total, weight) => total + weight, 0);
    if (sum > fullest.sum) fullest = { name: pool.name, sum };
    const at = sections[index];
    if (at !== undefined) adviseRounding(check, openSection(at, 'backends'), pool, programmed, sum);
  }
  const { newFlowsTableLength } = frontend;
  if (fullest.sum <= newFlowsTableLength * tableShareMax) return;
  const message =
    `the programmed weights of pool ${quote(fullest.name)} add up to ${fullest.sum}, ` +
    `more than a quarter of ${newFlowsTableLength}: take a longer table or fewer weight-steps`;
  warn(check, section, 'new-flows-table-length', message);
}

/** Names the backend whose share is shifted most. */
function adviseRounding(
  check: Check,
  section: Section,
  pool: Pool,
  programmed: readonly number[],
  programmedSum: number,
): void {
  const configuredSum = pool.backends.reduce((total, { weight }) => total + weight, 0);
  let worst = { name: '', shift: shiftMax, configured: 0, programmed: 0 };
  for (const [index, { name, weight }] of pool.backends.entries()) {
    if (weight === 0) continue;
    const configuredShare = weight / configuredSum;
    const programmedShare = (programmed[index] ?? 0) / programmedSum;
    const shift = Math.abs(programmedShare / configuredShare - 1);
    // A hair's breadth of slack: a tenth exactly is not more than a tenth.
    if (shift <= worst.shift + 1e-9) continue;
    worst = { name, shift, configured: configuredShare, programmed: programmedShare };
  }
  if (worst.name === '') return;
  const { path, offset } = openSection(section, worst.name);
  const shares = `${percent(worst.programmed)} of the new flows instead of ${percent(worst.configured)}`;
  check.warnings.add(path, offset, `rounding gives it ${shares}: take more weight-steps`);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

// Override values that carry a number, to tell one save from another and a whole value from half of one.
// Without fast-check, so that a child process starts fast.
import type { BackendOverride, Overrides } from '../../src/overrides/overrides.ts';

/** A value that can be told from every other number's, and is whole only if all of it says the same. */
export function numberedOverrides(number: number, count = 40): Overrides {
  const backends = new Map<string, BackendOverride>();
  for (let index = 0; index < count; index += 1) {
    const backend = `backend-${String(index).padStart(4, '0')}`;
    const note = { by: `save ${number}`, at: number, reason: 'r'.repeat(number % 200) || 'none' };
    backends.set(backend, { kind: 'backend', backend, admin: 'paused', fileEnabled: true, ...note });
  }
  return { backends, weights: new Map() };
}

/** The number of a `numberedOverrides`; throws for a value that is not one, whole. */
export function numberOf(overrides: Overrides, count = 40): number {
  const numbers = new Set([...overrides.backends.values()].map(({ at }) => at));
  const [number] = numbers;
  if (number === undefined || numbers.size !== 1 || overrides.backends.size !== count) {
    throw new Error(`not one whole value: ${overrides.backends.size} entries of ${[...numbers]}`);
  }
  return number;
}

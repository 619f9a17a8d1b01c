// Lengths of time as operators write them. Pure.

const unitsMs: ReadonlyMap<string, number> = new Map([
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
]);

/** Milliseconds of `100ms`, `2s`, `1m30s`, `1.5h`, `0`; undefined: it is none. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (text.length > 32 || !/^([0-9]+([.][0-9]+)?(ms|h|m|s))+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, number = '', unit = ''] of text.matchAll(/([0-9.]+)(ms|h|m|s)/g)) {
    ms += Number(number) * (unitsMs.get(unit) ?? 0);
  }
  return ms;
}

// Numbers and addresses in words. Pure.
import type { PoolBackendJson } from '../contract.ts';

/** A share 0..1 as percent: one digit behind the point below 10 %, none at 0 and 100. */
export function percentText(share: number): string {
  const percent = share * 100;
  if (percent === 0 || percent >= 99.95) return `${Math.round(percent)}`;
  return percent < 0.1 ? '<0.1' : percent.toFixed(1);
}

const scales = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;

/** A number per second in three digits and a scale: `0`, `7.5`, `128`, `1.4 k`. */
export function rateText(value: number): string {
  const [size, letter] = scales.find(([least]) => value >= least) ?? [1, ''];
  const scaled = value / size;
  const digits = scaled >= 100 || scaled === 0 ? 0 : 1;
  return `${scaled.toFixed(digits)}${letter === '' ? '' : ` ${letter}`}`;
}

/** `address:port` with brackets where the address has colons; a VIP without port is for all of them. */
export function vipText(address: string, port: number | undefined): string {
  if (port === undefined) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** A count that is read as a whole: groups of three, with narrow spaces that do not break. */
export function wholeText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** `1 frontend`, `2 frontends`. */
export function countText(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** Milliseconds with as many digits as they deserve: `0.4`, `12`. */
export function millisecondsText(ms: number): string {
  return ms < 10 ? ms.toFixed(1) : ms.toFixed(0);
}

/** A name in two halves, so that the middle can give way and the end stays: the end is what differs. */
export function nameHalves(name: string): readonly [head: string, tail: string] {
  const cut = name.length <= 12 ? name.length : name.length - 8;
  return [name.slice(0, cut), name.slice(cut)];
}

/** A weight; of one that an operator set also the one that it hides: `30 (file: 100)`. */
export function weightText({ weight, fileWeight }: Pick<PoolBackendJson, 'weight' | 'fileWeight'>): string {
  return fileWeight === undefined ? String(weight) : `${weight} (file: ${fileWeight})`;
}

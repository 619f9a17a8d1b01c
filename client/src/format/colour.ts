// Tones as the 16 basic colours of a terminal. Pure; whether colour is on is for the caller to say.
import type { Cell, Tone } from './report.ts';

const codes: Readonly<Record<Tone, string>> = {
  good: '32',
  idle: '36',
  unsure: '33',
  bad: '31',
  held: '35',
  off: '90',
  drift: '93',
  quiet: '90',
  strong: '1',
};

export function paint(text: string, tone: Tone | undefined, isColoured: boolean): string {
  return tone === undefined || !isColoured || text === '' ? text : `\x1b[${codes[tone]}m${text}\x1b[0m`;
}

export function paintCell({ text, tone }: Cell, isColoured: boolean): string {
  return paint(text, tone, isColoured);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colour is made of control characters
const colourSequences = /\x1b\[[\d;]*m/g;

/** The text as it is read, without colour. */
export function stripColour(text: string): string {
  return text.replace(colourSequences, '');
}

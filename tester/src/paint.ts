// Colours and signs of the screen: names for what is meant, escape sequences of the 256-colour set or
// nothing, Unicode signs or ASCII. Pure. What is said by colour is said by sign and word as well.
import { type Level, levels } from './strip.ts';

export type Tone = 'ok' | 'slow' | 'error' | 'unknown' | 'paused' | 'drift' | 'faint' | 'bright' | 'plain';

/** The same text, in its tone. */
export type Paint = (tone: Tone, text: string) => string;

/** Numbers in the 256-colour set; all of them at 4.5:1 or better on black. */
const colours: Readonly<Record<Exclude<Tone, 'plain'>, string>> = {
  ok: '38;5;77',
  slow: '38;5;214',
  error: '1;38;5;203',
  unknown: '38;5;221',
  paused: '38;5;141',
  drift: '38;5;208',
  faint: '38;5;245',
  bright: '1;38;5;255',
};

export const colourless: Paint = (_, text) => text;
export const coloured: Paint = (tone, text) =>
  tone === 'plain' || text === '' ? text : `\x1b[${colours[tone]}m${text}\x1b[0m`;

/** The row under the cursor. */
export function highlight(text: string, paint: Paint): string {
  if (paint === colourless) return text;
  // A reset inside the row would end the ground colour with it.
  return `\x1b[48;5;236m${text.replaceAll('\x1b[0m', '\x1b[0m\x1b[48;5;236m')}\x1b[0m`;
}

export interface Signs {
  /** Names and values from outside must be ASCII as well. */
  readonly isAscii: boolean;
  readonly serving: string;
  readonly failing: string;
  readonly recovering: string;
  readonly unknown: string;
  readonly unprobed: string;
  readonly paused: string;
  readonly drift: string;
  readonly cursor: string;
  readonly rule: string;
  readonly strip: Readonly<Record<Level, string>>;
}

export const unicodeSigns: Signs = {
  isAscii: false,
  serving: '●',
  failing: '■',
  recovering: '◐',
  unknown: '?',
  unprobed: '○',
  paused: '‖',
  drift: '▲',
  cursor: '›',
  rule: '─',
  strip: { [levels.none]: ' ', [levels.ok]: '▁', [levels.slow]: '▄', [levels.error]: '█' },
};

export const asciiSigns: Signs = {
  isAscii: true,
  serving: 'o',
  failing: 'X',
  recovering: '~',
  unknown: '?',
  unprobed: '-',
  paused: '|',
  drift: '!',
  cursor: '>',
  rule: '-',
  strip: { [levels.none]: ' ', [levels.ok]: '.', [levels.slow]: 's', [levels.error]: 'X' },
};

export const levelTones: Readonly<Record<Level, Tone>> = {
  [levels.none]: 'plain',
  [levels.ok]: 'ok',
  [levels.slow]: 'slow',
  [levels.error]: 'error',
};

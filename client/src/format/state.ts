// States as every face of the product shows them: a shape, a word, a colour (look.md). Pure.
import { characters, type Hue, signOf } from '@vpp-maglev/proto/signs';
import type { Cell, Tone, View } from './report.ts';

const tones: Readonly<Record<Hue, Tone>> = {
  up: 'good',
  standby: 'idle',
  unknown: 'unsure',
  down: 'bad',
  paused: 'held',
  disabled: 'off',
  drift: 'drift',
};

/** A state's cell; a word that is no state of ours is shown as it is. */
export function stateCell(state: string, { hasUnicode }: Pick<View, 'hasUnicode'>): Cell {
  const sign = signOf(state);
  if (sign === undefined) return { text: state };
  const { unicode, ascii } = characters[sign.shape];
  return { text: `${hasUnicode ? unicode : ascii} ${sign.word}`, tone: tones[sign.hue] };
}

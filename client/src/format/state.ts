// States as every face of the product shows them: a shape, a word, a colour (look.md). Pure.
import type { Cell, Tone, View } from './report.ts';

interface Look {
  readonly shape: string;
  /** Where only ASCII can be shown. */
  readonly plain: string;
  readonly tone: Tone;
}
const looks: Readonly<Record<string, Look>> = {
  up: { shape: '●', plain: '*', tone: 'good' },
  standby: { shape: '○', plain: 'o', tone: 'idle' },
  unknown: { shape: '?', plain: '?', tone: 'unsure' },
  down: { shape: '■', plain: '#', tone: 'bad' },
  paused: { shape: '‖', plain: '=', tone: 'held' },
  disabled: { shape: '⊘', plain: 'x', tone: 'off' },
  removed: { shape: '⊘', plain: 'x', tone: 'off' },
  drift: { shape: '▲', plain: '^', tone: 'drift' },
};

/** A state's cell; a word that is no state of ours is shown as it is. */
export function stateCell(state: string, { hasUnicode }: Pick<View, 'hasUnicode'>): Cell {
  const look = Object.hasOwn(looks, state) ? looks[state] : undefined;
  if (look === undefined) return { text: state };
  return { text: `${hasUnicode ? look.shape : look.plain} ${state}`, tone: look.tone };
}

// How states are shown: a shape, a hue and a word, always all three, by every face of the product. It must
// not know a page or a terminal: each has its own drawings and colours for these.

export type Shape = 'disc' | 'ring' | 'half' | 'question' | 'square' | 'bars' | 'crossed' | 'triangle';
/** Named by what they stand for; each face has a colour for each. */
export type Hue = 'up' | 'standby' | 'unknown' | 'down' | 'paused' | 'disabled' | 'drift';

export interface Sign {
  readonly shape: Shape;
  readonly hue: Hue;
  readonly word: string;
}

/**
 * States of backends and frontends in the words of the contract, and two that are derived from more than
 * one.
 */
export type ShownState =
  | 'up'
  | 'unknown'
  | 'down'
  | 'paused'
  | 'disabled'
  | 'removed'
  /** Up, and given no new flows. */
  | 'standby'
  /** VPP holds something else than it should. */
  | 'drift';

const signs: Readonly<Record<ShownState, Sign>> = {
  up: { shape: 'disc', hue: 'up', word: 'up' },
  standby: { shape: 'ring', hue: 'standby', word: 'standby' },
  unknown: { shape: 'question', hue: 'unknown', word: 'unknown' },
  down: { shape: 'square', hue: 'down', word: 'down' },
  paused: { shape: 'bars', hue: 'paused', word: 'paused' },
  disabled: { shape: 'crossed', hue: 'disabled', word: 'disabled' },
  removed: { shape: 'crossed', hue: 'disabled', word: 'removed' },
  drift: { shape: 'triangle', hue: 'drift', word: 'drift' },
};

/** The sign of a state by its word; undefined: it is no state of ours, as of a newer daemon. */
export function signOf(state: ShownState): Sign;
export function signOf(state: string): Sign | undefined;
export function signOf(state: string): Sign | undefined {
  return Object.hasOwn(signs, state) ? signs[state as ShownState] : undefined;
}

/** What a backend in a pool is shown as: up without new flows is a standby. */
export function shownState<T extends string>(entry: {
  readonly state: T;
  readonly effectiveWeight: number;
}): T | 'standby' {
  return entry.state === 'up' && entry.effectiveWeight === 0 ? 'standby' : entry.state;
}

/** Shapes as characters, one column wide; `ascii` for terminals that have nothing else. */
export const characters: Readonly<Record<Shape, { readonly unicode: string; readonly ascii: string }>> = {
  disc: { unicode: '●', ascii: '*' },
  ring: { unicode: '○', ascii: 'o' },
  half: { unicode: '◐', ascii: '~' },
  question: { unicode: '?', ascii: '?' },
  square: { unicode: '■', ascii: '#' },
  bars: { unicode: '‖', ascii: '=' },
  crossed: { unicode: '⊘', ascii: 'x' },
  triangle: { unicode: '▲', ascii: '^' },
};

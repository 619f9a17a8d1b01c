// The signs of states: colour, shape and word, always all three (look.md). Pure.
import type { MaglevdConnection, PoolBackendJson } from '../contract.ts';
import type { Health } from './fleet/health.ts';

export type Shape = 'disc' | 'ring' | 'half' | 'question' | 'square' | 'bars' | 'crossed' | 'triangle';
/** Names of the colours in tokens.css. */
export type Hue = 'up' | 'standby' | 'unknown' | 'down' | 'paused' | 'disabled' | 'drift';

export interface Sign {
  readonly shape: Shape;
  readonly hue: Hue;
  readonly word: string;
}

const states: Readonly<Record<PoolBackendJson['state'], Sign>> = {
  up: { shape: 'disc', hue: 'up', word: 'up' },
  unknown: { shape: 'question', hue: 'unknown', word: 'unknown' },
  down: { shape: 'square', hue: 'down', word: 'down' },
  paused: { shape: 'bars', hue: 'paused', word: 'paused' },
  disabled: { shape: 'crossed', hue: 'disabled', word: 'disabled' },
  removed: { shape: 'crossed', hue: 'disabled', word: 'removed' },
};
const standby: Sign = { shape: 'ring', hue: 'standby', word: 'standby' };

/** The sign of a state by its word; a word that we do not know is shown as it is. */
export function stateSign(state: string): Sign {
  return (
    (states as Readonly<Record<string, Sign>>)[state] ?? { shape: 'question', hue: 'unknown', word: state }
  );
}

/** The sign of a backend in a pool: up without new flows is a standby. */
export function poolBackendSign({ state, effectiveWeight }: PoolBackendJson): Sign {
  return state === 'up' && effectiveWeight === 0 ? standby : states[state];
}

const healthSigns: Readonly<Record<Health, Sign>> = {
  well: { shape: 'disc', hue: 'up', word: 'all well' },
  degraded: { shape: 'half', hue: 'unknown', word: 'degraded' },
  standby: { shape: 'ring', hue: 'standby', word: 'standby serves' },
  nothing: { shape: 'square', hue: 'down', word: 'nothing serves' },
  drift: { shape: 'triangle', hue: 'drift', word: 'VPP disagrees' },
  unknown: { shape: 'question', hue: 'unknown', word: 'unknown' },
};

export function healthSign(health: Health): Sign {
  return healthSigns[health];
}

/** The sign of a maglevd's connection. */
export function connectionSign(connection: MaglevdConnection): Sign {
  if (connection === 'connected') return { shape: 'disc', hue: 'up', word: 'connected' };
  if (connection === 'connecting') return { shape: 'question', hue: 'unknown', word: 'connecting' };
  return { shape: 'square', hue: 'down', word: 'lost' };
}

/** The sign of VPP's connection. */
export function vppSign(connection: string): Sign {
  if (connection === 'connected') return { shape: 'disc', hue: 'up', word: 'connected' };
  if (connection === 'connecting') return { shape: 'question', hue: 'unknown', word: 'connecting' };
  if (connection === 'disabled') return { shape: 'crossed', hue: 'disabled', word: 'no VPP' };
  const word = connection === 'not-responding' ? 'not responding' : connection;
  return { shape: 'square', hue: 'down', word };
}

// The signs of what the page shows: colour, shape and word, always all three (look.md). Pure.
import { type Sign, shownState, signOf } from '@vpp-maglev/proto/signs';
import type { MaglevdConnection, PoolBackendJson } from '../contract.ts';
import type { Health } from './fleet/health.ts';

export type { Hue, Shape, Sign } from '@vpp-maglev/proto/signs';

/** The sign of a state by its word; a word that we do not know is shown as it is. */
export function stateSign(state: string): Sign {
  return signOf(state) ?? { shape: 'question', hue: 'unknown', word: state };
}

/** The sign of a backend in a pool: up without new flows is a standby. */
export function poolBackendSign(entry: PoolBackendJson): Sign {
  return signOf(shownState(entry));
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

// A preview in one sentence, in the order of facts that operators know from maglevc: what, how far, what
// moves, what is cut. Pure.
import type { BackendJson, ChangePreview, ChangeRequest } from '../src/contract.ts';
import type { Intent } from './shares.ts';

/** What happens to one frontend. */
export type Told = ChangePreview['frontends'][number] & {
  readonly poolBefore: string;
  readonly poolAfter: string;
};

/** `isReset`: the weight is the file's. */
export type Decided = Intent & { readonly cuts: boolean; readonly isReset?: boolean };

export type Subject =
  | { readonly t: 'sync'; readonly frontend: string | undefined; readonly drift: readonly string[] }
  | { readonly t: 'ReloadConfig' | 'CheckConfig'; readonly maglevd: string }
  | {
      readonly t: 'backend';
      readonly operation: ChangeRequest['operation'];
      readonly backend: BackendJson;
      readonly intent: Decided;
      readonly effects: readonly Told[];
    };

/** Frontends that a sentence names; of more it says how many. */
const namedMax = 3;

export function summarise(subject: Subject): string {
  switch (subject.t) {
    case 'sync':
      return summariseSync(subject.frontend, subject.drift);
    case 'ReloadConfig':
      return `Read and check the file of ${subject.maglevd}, and take it over. On any error nothing changes.`;
    case 'CheckConfig':
      return `Read and check the file of ${subject.maglevd}. Nothing changes.`;
    case 'backend':
      return summariseBackend(subject);
  }
}

function summariseSync(frontend: string | undefined, drift: readonly string[]): string {
  const what =
    frontend === undefined ? 'Read VPP and repair what differs' : `Read ${frontend} in VPP and repair it`;
  const differing = drift.filter((name) => frontend === undefined || name === frontend);
  if (differing.length === 0) return `${what}: nothing differs now.`;
  return `${what}: ${count(differing.length, 'frontend')} now, ${listOf(differing)}.`;
}

function summariseBackend({ operation, backend, intent, effects }: Subject & { t: 'backend' }): string {
  const parts = [...movesOf(effects, intent), ...failoversOf(effects), ...darkOf(effects)];
  if (parts.length === 0) parts.push('no new flows move');
  if (intent.cuts && effects.length > 0) parts.push('its open flows are cut now');
  else if (operation === 'PauseBackend') parts.push('its open flows go on');
  const reach = operation === 'SetFrontendPoolBackendWeight' ? '' : `${count(effects.length, 'frontend')}, `;
  return `${headOf(operation, backend, intent)}: ${reach}${parts.join(', ')}.`;
}

function headOf(
  operation: ChangeRequest['operation'],
  { name, healthcheck }: BackendJson,
  intent: Decided,
): string {
  const then = healthcheck === undefined ? '' : ', once its probe passes';
  switch (operation) {
    case 'PauseBackend':
      return `Pause ${name}`;
    case 'DisableBackend':
      return `Disable ${name}`;
    case 'ResumeBackend':
      return `Resume ${name}${then}`;
    case 'EnableBackend':
      return `Enable ${name}${then}`;
    default:
      return `Set the weight of ${name} in pool ${intent.weight?.pool} to ${sayWeight(intent)}`;
  }
}

function sayWeight({ weight, isReset = false }: Decided): string {
  return `${weight?.value}${isReset ? ", the file's" : ''}`;
}

/** Where new flows move, the most of them first. */
function movesOf(effects: readonly Told[], { backend }: Intent): string[] {
  const moving = effects
    .filter(({ movedShare, servingAfter }) => movedShare > 0 && servingAfter > 0)
    .sort((a, b) => b.movedShare - a.movedShare);
  const told = moving.slice(0, namedMax).map((effect) => {
    const { frontend, movedShare, shareBefore, shareAfter, servingAfter } = effect;
    const share = `${percent(movedShare)} of new flows of ${frontend}`;
    if (shareAfter > shareBefore) return `${share} move, ${backend} gets ${percent(shareAfter)}`;
    const others = servingAfter - (shareAfter > 0 ? 1 : 0);
    return `${share} move to ${count(others, 'other')}`;
  });
  const rest = moving.length - told.length;
  return rest > 0 ? [...told, `and new flows of ${count(rest, 'more frontend')} move`] : told;
}

function failoversOf(effects: readonly Told[]): string[] {
  return effects
    .filter(({ poolBefore, poolAfter, servingAfter }) => poolBefore !== poolAfter && servingAfter > 0)
    .slice(0, namedMax)
    .map(({ frontend, poolAfter }) => `pool ${poolAfter} takes over ${frontend}`);
}

function darkOf(effects: readonly Told[]): string[] {
  const dark = effects.filter(({ servingAfter, shareBefore }) => servingAfter === 0 && shareBefore > 0);
  return dark.length === 0 ? [] : [`nothing serves ${listOf(dark.map(({ frontend }) => frontend))} then`];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, namedMax);
  const rest = names.length - shown.length;
  return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(', ');
}

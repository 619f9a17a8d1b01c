// Live names for completion and for words cut short: asked for when a line needs them, kept for a moment.
import type { Api } from './api/api.ts';
import type { Frontend } from './api/shapes.ts';
import { portText } from './format/port.ts';
import { namesAgeMsMax } from './limits.ts';
import type { Candidate, NamesOf, Values } from './shell/expand.ts';
import type { LiveKind } from './shell/grammar.ts';

type List = 'frontends' | 'backends' | 'healthchecks';

interface Known {
  frontends?: readonly Frontend[];
  backends?: readonly Candidate[];
  healthchecks?: readonly Candidate[];
}

export interface Names {
  /** Knows only what was fetched; remembers what it was asked for in vain. */
  readonly namesOf: NamesOf;
  /** Fetches what was missing; false: nothing was. Rejects as the API does. */
  fetchMissing(signal?: AbortSignal): Promise<boolean>;
}

export interface NameBook {
  /** Names as they are now, at most a moment old. */
  open(): Names;
}

export function createNameBook(api: Api, nowMs: () => number): NameBook {
  let known: Known = {};
  let fetchedMs = Number.NEGATIVE_INFINITY;
  return {
    open() {
      if (nowMs() - fetchedMs > namesAgeMsMax) known = {};
      const missing = new Set<List>();
      return {
        namesOf(slot, values) {
          const list = listOf(slot, values);
          if (known[list] === undefined) missing.add(list);
          return namesIn(known, slot, values);
        },
        async fetchMissing(signal) {
          if (missing.size === 0) return false;
          await Promise.all(Array.from(missing, (list) => fetchList(api, known, list, signal)));
          missing.clear();
          fetchedMs = nowMs();
          return true;
        },
      };
    },
  };
}

/** Backends behind a frontend and a pool are those of that pool. */
function listOf(slot: LiveKind, values: Values): List {
  if (slot === 'healthcheck') return 'healthchecks';
  return slot === 'backend' && values.pool === undefined ? 'backends' : 'frontends';
}

async function fetchList(api: Api, known: Known, list: List, signal?: AbortSignal): Promise<void> {
  switch (list) {
    case 'frontends':
      known.frontends = (await api.call('ListFrontends', {}, signal)).frontends;
      return;
    case 'backends': {
      const { backends } = await api.call('ListBackends', {}, signal);
      known.backends = backends.map(({ name, state, address }) => {
        return { text: name, help: `${state}, ${address}` };
      });
      return;
    }
    case 'healthchecks': {
      const { healthchecks } = await api.call('ListHealthChecks', {}, signal);
      known.healthchecks = healthchecks.map((check) => {
        return { text: check.name, help: portText({ ...check, protocol: check.type }) };
      });
    }
  }
}

function namesIn(known: Known, slot: LiveKind, values: Values): readonly Candidate[] | undefined {
  const { frontends } = known;
  if (slot === 'healthcheck') return known.healthchecks;
  if (slot === 'backend' && values.pool === undefined) return known.backends;
  if (frontends === undefined) return undefined;
  if (slot === 'frontend') {
    return frontends.map((each) => {
      return { text: each.name, help: `${each.state}, ${each.address} ${portText(each)}` };
    });
  }
  const pools = frontends.find(({ name }) => name === values.frontend)?.pools ?? [];
  if (slot === 'pool') {
    return pools.map(({ name, backends }) => ({ text: name, help: `${backends.length} backends` }));
  }
  const pool = pools.find(({ name }) => name === values.pool);
  return (pool?.backends ?? []).map(({ name, state, weight }) => {
    return { text: name, help: `${state}, weight ${weight}` };
  });
}

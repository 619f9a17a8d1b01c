// Where two maglevds that can both be asked say different things about the same backend or frontend. Two load
// balancers of one ECMP group that disagree move flows whenever routing does. Pure.
import type { BackendJson, FrontendJson } from '../../contract.ts';
import type { FleetModel, MaglevdModel } from './model.ts';

/** Sentences by name. */
export interface Differences {
  readonly frontends: ReadonlyMap<string, readonly string[]>;
  readonly backends: ReadonlyMap<string, readonly string[]>;
}

type Said<T> = readonly (readonly [maglevd: string, value: T])[];

const none: Differences = { frontends: new Map(), backends: new Map() };

/** All differences of the fleet. A maglevd that is lost says nothing: its last words are old. */
export function differences(model: FleetModel): Differences {
  const asked = [...model.maglevds.values()].filter(({ status }) => status.connection === 'connected');
  if (asked.length < 2) return none;
  return {
    frontends: compare(asked, (maglevd) => maglevd.frontends, frontendFacts),
    backends: compare(asked, (maglevd) => maglevd.backends, backendFacts),
  };
}

function compare<T extends object>(
  maglevds: readonly MaglevdModel[],
  pick: (maglevd: MaglevdModel) => ReadonlyMap<string, T>,
  factsOf: (value: T) => readonly Fact[],
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const names = new Set(maglevds.flatMap((maglevd) => [...pick(maglevd).keys()]));
  for (const name of names) {
    const said: [string, T][] = [];
    for (const maglevd of maglevds) {
      const value = pick(maglevd).get(name);
      if (value !== undefined) said.push([maglevd.status.name, value]);
    }
    if (said.length < 2) continue;
    const sentences = sayDifferences(said, factsOf);
    if (sentences.length > 0) found.set(name, sentences);
  }
  return found;
}

/** What is compared: its name for people, and its value. */
type Fact = readonly [what: string, value: string];

/** Facts of an object, and all of them as one text. */
interface Told {
  readonly facts: readonly Fact[];
  readonly text: string;
}

const remembered = new WeakMap<object, Told>();

/** Facts of an object, made once: objects of the model never change, they are replaced. */
function remember<T extends object>(value: T, factsOf: (value: T) => readonly Fact[]): Told {
  const known = remembered.get(value);
  if (known !== undefined) return known;
  const facts = factsOf(value);
  const told = { facts, text: JSON.stringify(facts) };
  remembered.set(value, told);
  return told;
}

function sayDifferences<T extends object>(said: Said<T>, factsOf: (value: T) => readonly Fact[]): string[] {
  const told = said.map(([maglevd, value]) => [maglevd, remember(value, factsOf)] as const);
  const first = told[0]?.[1].text;
  if (told.every(([, { text }]) => text === first)) return [];
  const facts = told.map(([maglevd, { facts }]) => [maglevd, new Map(facts)] as const);
  const whats = new Set(facts.flatMap(([, map]) => [...map.keys()]));
  const sentences: string[] = [];
  for (const what of whats) {
    const values = facts.map(([maglevd, map]) => [maglevd, map.get(what) ?? 'absent'] as const);
    if (new Set(values.map(([, value]) => value)).size < 2) continue;
    sentences.push(`${what}: ${values.map(([maglevd, value]) => `${value} on ${maglevd}`).join(', ')}`);
  }
  return sentences;
}

function backendFacts({ state, address }: BackendJson): readonly Fact[] {
  return [
    ['state', state],
    ['address', address],
  ];
}

function frontendFacts(frontend: FrontendJson): readonly Fact[] {
  const { address, protocol, port, state, activePool, newFlowsTableLength } = frontend;
  const facts: Fact[] = [
    ['VIP', `${address} ${protocol} ${port ?? 'any'}`],
    ['state', state],
    ['active pool', activePool],
    ['table length', String(newFlowsTableLength)],
  ];
  for (const pool of frontend.pools) {
    for (const backend of pool.backends) {
      facts.push([`weight of ${backend.name} in ${pool.name}`, String(backend.weight)]);
    }
  }
  return facts;
}

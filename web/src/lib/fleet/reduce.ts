// Messages of the stream -> what the page knows. Pure: time comes in as an argument, nothing goes out. What
// did not change keeps its identity, so that components are only redrawn where something moved.
import type { EventJson, FleetMessage, MaglevdPicture, MaglevdStatus, ProbeTick } from '../../contract.ts';
import { type EventLine, type FleetModel, linesKept, type MaglevdModel, probesKept } from './model.ts';
import { addSample } from './series.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The model of the next moment while it is made. Maps are copied when first written to. */
interface Draft {
  readonly fleet: Mutable<FleetModel>;
  readonly maglevds: Map<string, MaglevdModel>;
  readonly newLines: EventLine[];
  /** Maps that belong to this draft, and may be written to. */
  readonly own: WeakSet<object>;
}

/** The model after `messages`, in their order. `nowMs` is this page's wall clock. */
export function reduce(model: FleetModel, messages: readonly FleetMessage[], nowMs: number): FleetModel {
  if (messages.length === 0) return model;
  const maglevds = new Map(model.maglevds);
  const draft: Draft = { fleet: { ...model, maglevds }, maglevds, newLines: [], own: new WeakSet() };
  for (const message of messages) apply(draft, message, nowMs);
  if (draft.newLines.length > 0) {
    draft.fleet.lines = [...model.lines, ...draft.newLines].slice(-linesKept);
  }
  return draft.fleet;
}

function apply(draft: Draft, message: FleetMessage, nowMs: number): void {
  switch (message.t) {
    case 'picture':
      applyPicture(draft, message, nowMs);
      return;
    case 'heartbeat':
      draft.fleet.skewMs = skewOf(message.at, nowMs);
      return;
    case 'maglevd':
      draft.maglevds.set(
        message.maglevd,
        modelOf(message.picture, message.maglevd, draft.maglevds.get(message.maglevd)),
      );
      return;
    default:
  }
  const known = draft.maglevds.get(message.maglevd);
  // A message about a maglevd that no picture named: the next picture will bring it.
  if (known === undefined) return;
  const next = applyTo(draft, known, message);
  if (next !== known) draft.maglevds.set(message.maglevd, next);
}

type OneMaglevd = Exclude<FleetMessage, { t: 'picture' | 'heartbeat' | 'maglevd' }>;

function applyTo(draft: Draft, known: MaglevdModel, message: OneMaglevd): MaglevdModel {
  switch (message.t) {
    case 'status':
      return { ...known, status: statusOf(message.status, message.maglevd) };
    case 'change': {
      const frontends = writable(draft, known.frontends);
      const backends = writable(draft, known.backends);
      for (const frontend of message.frontends) frontends.set(frontend.name, frontend);
      for (const backend of message.backends) {
        if (backend.state === 'removed') backends.delete(backend.name);
        else backends.set(backend.name, backend);
      }
      return { ...known, frontends, backends };
    }
    case 'probes':
      return { ...known, probes: addProbes(writable(draft, known.probes), message.ticks) };
    case 'vpp':
      return {
        ...known,
        vpp: message.vpp,
        drift: new Set(message.drift),
        series: message.counters ? addSample(known.series, message.counters) : known.series,
      };
    case 'event':
      addLine(draft, message.maglevd, message.event);
      return known;
    default:
      return message satisfies never;
  }
}

/** A copy of `map` that this draft may write to; the same one if it has it already. */
function writable<V>(draft: Draft, map: ReadonlyMap<string, V>): Map<string, V> {
  if (draft.own.has(map)) return map as Map<string, V>;
  const copy = new Map(map);
  draft.own.add(copy);
  return copy;
}

function addProbes(probes: Map<string, readonly ProbeTick[]>, ticks: readonly ProbeTick[]) {
  for (const tick of ticks) {
    const ring = probes.get(tick[0]) ?? [];
    probes.set(tick[0], [...ring.slice(1 - probesKept), tick]);
  }
  return probes;
}

function addLine(draft: Draft, maglevd: string, event: EventJson): void {
  // What a stream starts with is the picture, not news; what it lives by is not news either.
  if (event.snapshot === true || event.kind === 'heartbeat') return;
  // The log's line of what the event of the backend says itself.
  if (event.log?.message === 'backend-transition') return;
  draft.newLines.push({ id: draft.fleet.nextLineId, t: 'event', maglevd, event });
  draft.fleet.nextLineId += 1;
}

function applyPicture(draft: Draft, message: FleetMessage & { t: 'picture' }, nowMs: number): void {
  const { fleet, maglevds } = draft;
  const before = new Map(maglevds);
  maglevds.clear();
  for (const picture of message.maglevds) {
    maglevds.set(picture.name, modelOf(picture, picture.name, before.get(picture.name)));
  }
  if (fleet.isLoaded) {
    draft.newLines.push({ id: fleet.nextLineId, t: 'gap', at: message.at });
    fleet.nextLineId += 1;
  }
  fleet.isLoaded = true;
  fleet.canChange = message.canChange;
  fleet.skewMs = skewOf(message.at, nowMs);
}

/** A picture as a model. Probes and rates of before stay: they are history, and no picture holds them. */
function modelOf(picture: MaglevdPicture, name: string, before: MaglevdModel | undefined): MaglevdModel {
  const series = before?.series ?? new Map();
  const backends = byName(picture.backends);
  const probes = [...(before?.probes ?? [])].filter(([backend]) => backends.has(backend));
  return {
    status: statusOf(picture, name),
    frontends: byName(picture.frontends),
    backends,
    vpp: picture.vpp,
    drift: new Set(picture.drift),
    probes: new Map(probes),
    series: picture.counters ? addSample(series, picture.counters) : series,
  };
}

function statusOf({ connection, since, reason, version }: MaglevdStatus, name: string): MaglevdStatus {
  return {
    name,
    connection,
    since,
    ...(reason !== undefined && { reason }),
    ...(version !== undefined && { version }),
  };
}

function byName<T extends { readonly name: string }>(values: readonly T[]): ReadonlyMap<string, T> {
  return new Map(values.map((value) => [value.name, value]));
}

function skewOf(at: string, nowMs: number): number {
  const atMs = Date.parse(at);
  return Number.isFinite(atMs) ? atMs - nowMs : 0;
}

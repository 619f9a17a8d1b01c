// What is known of one maglevd, and what browsers are told when more becomes known. Pure: no clock, no
// socket.
import type {
  BackendJson,
  EventJson,
  FleetMessage,
  FrontendJson,
  LbCountersJson,
  MaglevdConnection,
  MaglevdPicture,
  MaglevdStatus,
  ProbeTick,
  VppInfoJson,
} from '../src/contract.ts';

export interface KnownMaglevd {
  readonly picture: MaglevdPicture;
  /** Named by events since they were last asked for: told again even if they look the same. */
  readonly touched: ReadonlySet<string>;
}

/** Answers of one round of questions; what was not asked for is absent. */
export interface Answers {
  readonly backends?: readonly BackendJson[];
  readonly frontends?: readonly FrontendJson[];
  readonly vpp?: VppInfoJson;
  /** Asked for, and undefined: there are none. */
  readonly counters?: LbCountersJson | undefined;
  readonly drift?: readonly string[];
}

export type Input =
  /** A connection that is there is told by `loaded`. */
  | { readonly t: 'lost'; readonly at: string; readonly reason: string }
  | { readonly t: 'loaded'; readonly at: string; readonly version?: string; readonly answers: Answers }
  | { readonly t: 'event'; readonly event: EventJson }
  | { readonly t: 'answers'; readonly answers: Answers };

export interface Step {
  readonly known: KnownMaglevd;
  readonly messages: readonly FleetMessage[];
}

const unknownVpp: VppInfoJson = { connection: 'unknown', missingCapabilities: [] };

/** Nothing was asked yet. `at` is RFC 3339. One in this process is there as long as this process is. */
export function unknownMaglevd(name: string, at: string, isInProcess = false): KnownMaglevd {
  const status = { name, connection: isInProcess ? 'connected' : 'connecting', since: at } as const;
  return {
    picture: { ...status, frontends: [], backends: [], vpp: unknownVpp, drift: [] },
    touched: new Set(),
  };
}

/** One thing more is known; `messages` are for browsers, in order. */
export function reduce(known: KnownMaglevd, input: Input): Step {
  switch (input.t) {
    case 'lost':
      return lose(known, input.at, input.reason);
    case 'loaded':
      return load(known, input);
    case 'event':
      return takeEvent(known, input.event);
    case 'answers':
      return takeAnswers(known, input.answers);
  }
}

/**
 * What is known stays, and ages. One that never answered is still being connected to, and why not is told.
 */
function lose(known: KnownMaglevd, at: string, reason: string): Step {
  const { picture } = known;
  const connection: MaglevdConnection = picture.connection === 'connecting' ? 'connecting' : 'lost';
  const isNew = picture.connection !== connection;
  if (!isNew && picture.reason === reason) return { known, messages: [] };
  const next = { ...picture, connection, since: isNew ? at : picture.since, reason };
  const status = statusOf(next);
  return {
    known: { ...known, picture: next },
    messages: [{ t: 'status', maglevd: picture.name, status }],
  };
}

function statusOf({ name, connection, since, reason, version }: MaglevdStatus): MaglevdStatus {
  return {
    ...{ name, connection, since },
    ...(reason !== undefined && { reason }),
    ...(version !== undefined && { version }),
  };
}

function load(known: KnownMaglevd, { at, version, answers }: Input & { t: 'loaded' }): Step {
  const { name, connection, since } = known.picture;
  // VPP is slow to tell what it holds: what it held stands until then.
  const { backends = [], frontends = [], vpp, counters, drift = known.picture.drift } = answers;
  const picture: MaglevdPicture = {
    ...{ name, connection: 'connected', since: connection === 'connected' ? since : at },
    ...(version !== undefined && { version }),
    ...{ frontends, backends, vpp: vpp ?? unknownVpp },
    ...(counters && { counters }),
    drift,
  };
  return { known: { picture, touched: new Set() }, messages: [{ t: 'maglevd', maglevd: name, picture }] };
}

/**
 * Events of the first picture tell what `loaded` tells as well, and heartbeats tell nothing of the maglevd.
 */
function takeEvent(known: KnownMaglevd, event: EventJson): Step {
  if (event.snapshot || event.kind === 'heartbeat') return { known, messages: [] };
  const { picture } = known;
  const touched = new Set([...known.touched, ...namesIn(picture, event)]);
  return { known: { picture, touched }, messages: [{ t: 'event', maglevd: picture.name, event }] };
}

const backendKey = (name: string) => `backend ${name}`;
const frontendKey = (name: string) => `frontend ${name}`;

function namesIn(picture: MaglevdPicture, { backend, frontend }: EventJson): readonly string[] {
  if (frontend) return [frontendKey(frontend.frontend)];
  if (!backend) return [];
  const used = picture.backends.find(({ name }) => name === backend.backend)?.frontends ?? [];
  return [backendKey(backend.backend), ...used.map(frontendKey)];
}

function takeAnswers(known: KnownMaglevd, answers: Answers): Step {
  const { picture } = known;
  const { backends = picture.backends, frontends = picture.frontends, vpp } = answers;
  const next: MaglevdPicture = {
    ...picture,
    ...{ backends, frontends, drift: answers.drift ?? picture.drift },
    ...(vpp && { vpp }),
  };
  const whole = 'counters' in answers ? withCounters(next, answers.counters) : next;
  const touched = new Set(
    [...known.touched].filter((key) => !answers[key.startsWith('backend ') ? 'backends' : 'frontends']),
  );
  const after = { picture: whole, touched };
  // Somebody came or went: no list of changes says so.
  if (!isSameList(picture.backends, backends) || !isSameList(picture.frontends, frontends)) {
    return { known: after, messages: [{ t: 'maglevd', maglevd: picture.name, picture: whole }] };
  }
  const messages = [...changesOf(known, answers), ...probesOf(picture, answers), ...vppOf(picture, whole)];
  return { known: after, messages };
}

function withCounters(picture: MaglevdPicture, counters: LbCountersJson | undefined): MaglevdPicture {
  const { counters: _, ...rest } = picture;
  return counters === undefined ? rest : { ...rest, counters };
}

type Named = readonly { readonly name: string }[];

function isSameList(before: Named, after: Named): boolean {
  return before.length === after.length && before.every(({ name }, index) => after[index]?.name === name);
}

/** What differs, and what events have named: a browser that took the event at its word has to be sure. */
function changesOf({ picture, touched }: KnownMaglevd, answers: Answers): readonly FleetMessage[] {
  const backends = (answers.backends ?? []).filter((backend, index) => {
    if (touched.has(backendKey(backend.name))) return true;
    return looksOf(backend) !== looksOf(picture.backends[index] as BackendJson);
  });
  const frontends = (answers.frontends ?? []).filter((frontend, index) => {
    if (touched.has(frontendKey(frontend.name))) return true;
    return looksOf(frontend) !== looksOf(picture.frontends[index] as FrontendJson);
  });
  if (backends.length === 0 && frontends.length === 0) return [];
  return [{ t: 'change', maglevd: picture.name, frontends, backends }];
}

const looks = new WeakMap<object, string>();

/** Everything but the last probe, which every second brings anew: ticks tell of it. */
function looksOf(resource: BackendJson | FrontendJson): string {
  const known = looks.get(resource);
  if (known !== undefined) return known;
  const text = JSON.stringify(resource, (key, value) => (key === 'lastProbe' ? undefined : value));
  looks.set(resource, text);
  return text;
}

function probesOf(picture: MaglevdPicture, { backends = [] }: Answers): readonly FleetMessage[] {
  const ticks = backends.flatMap((backend, index): ProbeTick[] => {
    const probe = backend.lastProbe;
    if (probe === undefined || probe.at === picture.backends[index]?.lastProbe?.at) return [];
    return [[backend.name, probe.ok, probe.code, durationMs(probe.duration), Date.parse(probe.at)]];
  });
  return ticks.length === 0 ? [] : [{ t: 'probes', maglevd: picture.name, ticks }];
}

/** From proto JSON, "0.001234s", to milliseconds. */
function durationMs(text: string): number {
  return Math.round(Number.parseFloat(text) * 1e6) / 1e3;
}

/** Calls to VPP are counted every second, its VIPs seldom: counters go along only where they are new. */
function vppOf(before: MaglevdPicture, after: MaglevdPicture): readonly FleetMessage[] {
  const { name, vpp, counters, drift } = after;
  const isSampled = counters !== undefined && counters.at !== before.counters?.at;
  const isSame = JSON.stringify([before.vpp, before.drift]) === JSON.stringify([vpp, drift]);
  if (isSame && !isSampled) return [];
  return [{ t: 'vpp', maglevd: name, vpp, ...(isSampled && { counters }), drift }];
}

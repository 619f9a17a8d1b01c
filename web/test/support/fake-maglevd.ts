// A maglevd made of values: it tells what a real one would tell when a backend changes. It knows the
// contract and the truth table of weights, no network. Its shares are even, not those of the exact table.
import type {
  BackendJson,
  FleetMessage,
  FrontendJson,
  MaglevdPicture,
  MaglevdStatus,
  PoolBackendJson,
  ProbeTick,
  VppInfoJson,
} from '../../src/contract.ts';

export interface FakePool {
  readonly name: string;
  readonly backends: Readonly<Record<string, number>>;
}

export interface FakeFrontend {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly description?: string;
  readonly pools: readonly FakePool[];
}

type State = BackendJson['state'];

const tableLength = 16_384;

/** State, code and detail of a change. */
export interface FakeTurn {
  readonly state: State;
  readonly code: string;
  readonly detail: string;
}

export class FakeMaglevd {
  readonly name: string;
  status: MaglevdStatus;
  drift: readonly string[] = [];
  vppConnection: VppInfoJson['connection'] = 'connected';
  /** API calls to VPP so far, and replies. */
  apiSent = 48_211;
  readonly backends = new Map<string, BackendJson>();
  frontends: FrontendJson[] = [];
  readonly #layout: readonly FakeFrontend[];
  readonly #weights = new Map<string, number>();
  readonly #totals = new Map<string, number>();
  readonly #startedMs: number;
  #eventNumber = 0;

  constructor(name: string, layout: readonly FakeFrontend[], nowMs: number) {
    this.name = name;
    this.#layout = layout;
    this.#startedMs = nowMs - 37 * 3_600_000;
    this.status = { name, connection: 'connected', since: iso(this.#startedMs), version: '0.1.0' };
    const names = new Set(
      layout.flatMap(({ pools }) => pools.flatMap(({ backends }) => Object.keys(backends))),
    );
    for (const [index, backend] of [...names].entries()) {
      this.backends.set(backend, this.#newBackend(backend, index));
    }
    this.#derive();
  }

  #newBackend(name: string, index: number): BackendJson {
    const since = iso(this.#startedMs + index * 977_000);
    const frontends = this.#layout.filter(({ pools }) => pools.some(({ backends }) => name in backends));
    return {
      name,
      address: `192.0.2.${10 + (index % 240)}`,
      healthcheck: 'http-ok',
      enabled: true,
      state: 'up',
      code: 'L7OK',
      detail: 'HTTP 200',
      since,
      counter: { value: 4, rise: 2, fall: 3 },
      lastProbe: { at: since, ok: true, code: 'L7OK', detail: 'HTTP 200', duration: '0.003s' },
      transitions: [{ from: 'unknown', to: 'up', at: since, code: 'L7OK', detail: 'HTTP 200' }],
      frontends: frontends.map((frontend) => frontend.name),
    };
  }

  picture(): MaglevdPicture {
    return {
      ...this.status,
      frontends: this.frontends,
      backends: [...this.backends.values()],
      vpp: this.vpp(),
      drift: this.drift,
    };
  }

  vpp(): MaglevdPicture['vpp'] {
    return {
      connection: this.vppConnection,
      version: '26.10-rc0~123',
      pid: 4211,
      bootTime: iso(this.#startedMs - 86_400_000 * 12),
      connectTime: iso(this.#startedMs),
      apiSent: this.apiSent,
      apiReceived: this.apiSent,
      missingCapabilities: [],
    };
  }

  /** What is told when a backend takes a turn: its new self, its frontends, the event. */
  turn(name: string, { state, code, detail }: FakeTurn, nowMs: number): readonly FleetMessage[] {
    const before = this.backends.get(name);
    if (before === undefined) throw new Error(`the fake ${this.name} has no backend ${name}`);
    const at = iso(nowMs);
    const transition = { from: before.state, to: state, at, code, detail };
    const backend: BackendJson = {
      ...before,
      state,
      code,
      detail,
      since: at,
      enabled: state !== 'disabled',
      counter: { ...before.counter, value: state === 'up' ? 4 : 0 },
      lastProbe: { at, ok: state === 'up', code, detail, duration: '0.003s' },
      transitions: [transition, ...before.transitions].slice(0, 5),
    };
    this.backends.set(name, backend);
    const frontends = this.#derive(new Set(backend.frontends), at);
    this.#eventNumber += 1;
    const event = {
      id: `e-${this.#eventNumber}`,
      at,
      kind: 'backend',
      backend: { backend: name, transition },
    } as const;
    return [
      { t: 'change', maglevd: this.name, frontends, backends: [backend] },
      { t: 'event', maglevd: this.name, event },
    ];
  }

  setWeight(frontend: string, pool: string, backend: string, weight: number): readonly FleetMessage[] {
    this.#weights.set(`${frontend}/${pool}/${backend}`, weight);
    return [{ t: 'change', maglevd: this.name, frontends: this.#derive(new Set([frontend])), backends: [] }];
  }

  /** One probe of each of `names`, done at `nowMs`. */
  probes(names: readonly string[], durationMs: (index: number) => number, nowMs = Date.now()): FleetMessage {
    const ticks = names.flatMap((name, index): readonly ProbeTick[] => {
      const { state, code } = this.backends.get(name) ?? {};
      if (state === 'paused' || state === 'disabled') return [];
      const isUp = state !== 'down';
      return [[name, isUp, isUp ? 'L7OK' : (code ?? 'L4CON'), durationMs(index), nowMs]];
    });
    return { t: 'probes', maglevd: this.name, ticks };
  }

  /** A sample of the counters, with traffic since the last. */
  sample(nowMs: number, packets: (index: number) => number): FleetMessage {
    const vips = this.#layout.map(({ name, address, port }, index) => {
      const next = (this.#totals.get(name) ?? 0) + packets(index);
      this.#totals.set(name, next);
      const first = Math.floor(next / 40);
      return {
        prefix: `${address}/32`,
        protocol: 'tcp',
        port,
        frontend: name,
        next,
        first,
        untracked: 0,
        noServer: 0,
        routePackets: next + first,
        routeBytes: (next + first) * 740,
      };
    });
    const counters = { at: iso(nowMs), vips };
    return { t: 'vpp', maglevd: this.name, vpp: this.vpp(), counters, drift: this.drift };
  }

  /** Frontends anew from layout and states; returns those of `names`, or all. */
  #derive(names?: ReadonlySet<string>, at = iso(this.#startedMs)): readonly FrontendJson[] {
    this.frontends = this.#layout.map((layout, index) => {
      const known = this.frontends[index];
      if (known && names && !names.has(layout.name)) return known;
      const frontend = this.#frontendOf(layout);
      return { ...frontend, since: known?.state === frontend.state ? known.since : at };
    });
    return names ? this.frontends.filter(({ name }) => names.has(name)) : this.frontends;
  }

  #frontendOf({ name, address, port, description, pools }: FakeFrontend): FrontendJson {
    const stateOf = (backend: string): State => this.backends.get(backend)?.state ?? 'removed';
    const weightOf = (pool: FakePool, backend: string) =>
      this.#weights.get(`${name}/${pool.name}/${backend}`) ?? pool.backends[backend] ?? 0;
    const serving = (pool: FakePool) =>
      Object.keys(pool.backends).filter(
        (backend) => stateOf(backend) === 'up' && weightOf(pool, backend) > 0,
      );
    const active = pools.find((pool) => serving(pool).length > 0) ?? pools[0];
    const sum = active ? serving(active).reduce((total, backend) => total + weightOf(active, backend), 0) : 0;
    const entryOf = (pool: FakePool, backend: string): PoolBackendJson => {
      const weight = weightOf(pool, backend);
      const effectiveWeight = pool === active && stateOf(backend) === 'up' ? weight : 0;
      return {
        name: backend,
        state: stateOf(backend),
        weight,
        ...(weight !== pool.backends[backend] && { fileWeight: pool.backends[backend] ?? 0 }),
        effectiveWeight,
        programmedWeight: Math.ceil(effectiveWeight / 10),
        buckets: sum > 0 ? Math.round((effectiveWeight / sum) * tableLength) : 0,
      };
    };
    return {
      name,
      ...(description !== undefined && { description }),
      address,
      protocol: 'tcp',
      port,
      state: sum > 0 ? 'up' : 'down',
      since: iso(this.#startedMs),
      activePool: active?.name ?? '',
      srcIpSticky: false,
      flushOnDown: true,
      encap: 'gre4',
      newFlowsTableLength: tableLength,
      weightSteps: 10,
      pools: pools.map((pool) => ({
        name: pool.name,
        backends: Object.keys(pool.backends).map((backend) => entryOf(pool, backend)),
      })),
    };
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

const sites = ['ams', 'fra', 'lhr', 'zrh'];

/** Eight frontends as an operator might have them. */
export function usualLayout(): readonly FakeFrontend[] {
  const even = (prefix: string, count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`${prefix}${i}-${sites[i % sites.length]}`, 100]),
    );
  const pair = (prefix: string) => [
    { name: 'primary', backends: even(prefix, 3) },
    { name: 'fallback', backends: { [`${prefix}-sorry-ams`]: 100 } },
  ];
  return [
    { name: 'www-v4', address: '198.51.100.80', port: 80, description: 'public web', pools: pair('nginx') },
    {
      name: 'www-tls-v4',
      address: '198.51.100.80',
      port: 443,
      description: 'public web, TLS',
      pools: pair('nginx'),
    },
    {
      name: 'api-v4',
      address: '198.51.100.81',
      port: 443,
      pools: [{ name: 'primary', backends: { ...even('api', 6), 'api6-canary-ams': 10 } }],
    },
    {
      name: 'mail-submission-with-a-rather-long-name-v4',
      address: '198.51.100.25',
      port: 587,
      pools: pair('smtp'),
    },
    {
      name: 'imap',
      address: '198.51.100.26',
      port: 993,
      pools: [{ name: 'primary', backends: even('imap', 4) }],
    },
    {
      name: 'dns-over-tls',
      address: '198.51.100.53',
      port: 853,
      pools: [{ name: 'primary', backends: even('dot', 2) }],
    },
    { name: 'git', address: '198.51.100.90', port: 22, pools: pair('git') },
    {
      name: 'mirror',
      address: '198.51.100.91',
      port: 873,
      pools: [{ name: 'primary', backends: even('mirror', 8) }],
    },
  ];
}

/** `frontends` frontends of `each` backends, every backend in one of them. */
export function largeLayout(frontends: number, each: number): readonly FakeFrontend[] {
  return Array.from({ length: frontends }, (_, f) => ({
    name: `service-${String(f).padStart(3, '0')}`,
    address: `198.51.100.${1 + (f % 250)}`,
    port: 8000 + f,
    pools: [
      {
        name: 'primary',
        backends: Object.fromEntries(Array.from({ length: each }, (__, b) => [`node-${f}-${b}`, 100])),
      },
    ],
  }));
}

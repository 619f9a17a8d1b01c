// Deliberate faults, each as an edit of the text of product modules. They prove that the simulation would
// notice; nothing of them is ever written to a file. It must not know how they are found.

/** The text `before` must be in the file exactly once. */
export interface Edit {
  /** Below server/src. */
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

export interface PlantedFault {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** What the report of the broken invariant must say. */
  readonly caught: RegExp;
  /** Within how many seeds, from 1 on. */
  readonly seeds: number;
}

function plant(
  name: string,
  caught: RegExp,
  seeds: number,
  ...edits: readonly (readonly [file: string, before: string, after: string])[]
): PlantedFault {
  return { name, caught, seeds, edits: edits.map(([file, before, after]) => ({ file, before, after })) };
}

export const plantedFaults: readonly PlantedFault[] = [
  plant('counter off by one', /went down with L7OK|invariant 1/, 10, [
    'health/backend-health.ts',
    "const state = counter >= thresholds.rise ? 'up' : 'down';",
    "const state = counter > thresholds.rise ? 'up' : 'down';",
  ]),
  plant('jitter lost', /no jitter/, 20, [
    'checker/interval.ts',
    'return baseMs * (1 + jitterShare * (2 * random - 1));',
    'return baseMs + 0 * (jitterShare * random);',
  ]),
  plant('probe in flight twice', /invariant 3/, 10, [
    'checker/checker.ts',
    '      this.#start(slot, nowMs);\n      return;',
    '      this.#start(slot, nowMs);\n      this.#start(slot, nowMs);\n      return;',
  ]),
  plant('halted probe runs on', /invariant [37]/, 20, [
    'checker/checker.ts',
    '    phase.run.cancel();\n',
    '',
  ]),
  plant(
    'late probe believed',
    /always answered|our own exhaustion/,
    30,
    ['checker/verdict.ts', "return wasAway ? 'late' : 'valid'", "return wasAway ? 'valid' : 'valid'"],
    [
      'checker/verdict.ts',
      "return durationMs - stalledMs <= timeoutMs ? 'late' : 'timeout'",
      "return 'timeout'",
    ],
  ),
  plant(
    'belief kept after a failure',
    /invariant 4: apply without an observe/,
    60,
    [
      'dataplane/reconcile-run.ts',
      'return { counts, belief: undefined, failure,',
      'return { counts, belief, failure,',
    ],
    [
      'dataplane/reconciler.ts',
      'const { fault, op } = failure;\n    this.#belief = undefined;',
      'const { fault, op } = failure;',
    ],
  ),
  plant('decreases before increases', /invariant 9/, 20, [
    'dataplane/plan.ts',
    'return [conf, grow, shrink]',
    'return [conf, shrink, grow]',
  ]),
  plant('flush debt forgotten', /flows that are to be cut/, 40, [
    'dataplane/reconciler.ts',
    "to === 'disabled' || (to === 'down' && frontend.flushOnDown)",
    "to === 'disabled' && frontend.flushOnDown",
  ]),
  plant('warm-up released early', /invariant 2/, 40, [
    'dataplane/warmup.ts',
    "if (phase !== 'releasing') return phase === 'open';",
    "if (phase !== 'hands-off') return true;",
  ]),
  plant('override dropped on reload', /after the reload/, 20, [
    'overrides/overrides.ts',
    'if (backend.enabled === entry.fileEnabled) return undefined;',
    '',
  ]),
  plant('event number skipped', /invariant 5/, 10, [
    'events/event-log.ts',
    '      sequence++;\n',
    "      sequence += event.kind === 'vpp' && sequence % 7 === 0 ? 2 : 1;\n",
  ]),
  plant('resync not announced', /invariant 5/, 60, [
    'api/event-feed.ts',
    'if (reason === undefined) return',
    'if (reason !== "") return',
  ]),
  plant('filtered events hide others', /invariant 5/, 60, [
    'api/event-feed.ts',
    'const shown = read.events.filter((event) => passes(event, filter))',
    'const shown = read.events.slice(0, 3).filter((event) => passes(event, filter))',
  ]),
  plant('stop leaves a timer', /invariant 7/, 5, [
    'dataplane/reconciler.ts',
    '[this.#retryTimer, this.#syncTimer, this.#readBackTimer]',
    '[this.#retryTimer, this.#readBackTimer]',
  ]),
  plant('refused config half applied', /invariant 8/, 20, [
    'control.ts',
    'this.#reload = { ...this.#reload, successful: false };',
    'this.#reload = { ...this.#reload, successful: false };\n' +
      '        this.#config = { ...this.#config, healthchecker: { transitionHistory: 9 } };',
  ]),
  plant('failover picks the wrong pool', /who serves/, 20, [
    'health/weights.ts',
    'frontend.pools.findIndex(',
    'frontend.pools.findLastIndex(',
  ]),
  plant('read-back skipped', /not read back/, 20, [
    'dataplane/reconciler.ts',
    'if (this.#stopped || !this.#queue.hasTouched()) return;',
    'return;',
  ]),
  plant('drift not reported', /drift is not reported/, 10, [
    'dataplane/reconcile-run.ts',
    'if (belief !== undefined) deps.onDrift(findDrift(belief, observation.value));',
    'findDrift(observation.value, observation.value);',
  ]),
  plant('servers that are gone stay in VPP', /not in the configuration/, 20, [
    'dataplane/plan.ts',
    "    shrink.push({ t: 'as-delete', vip, address, frontend: vip.frontend, why });\n",
    '    void [address, why];\n',
  ]),
  plant('restart forgets who is paused', /restart lost|overrides decide/, 40, [
    'control.ts',
    'return new Control(options, await options.store.load());',
    'await options.store.load();\n    return new Control(options, ' +
      '{ backends: new Map(), weights: new Map() });',
  ]),
  plant('two runs at once', /invariant 4: .* during/, 20, [
    'dataplane/reconciler.ts',
    'if (this.#running !== undefined || this.#queue.isEmpty() || !this.#canRun()) return;',
    'if (this.#queue.isEmpty() || !this.#canRun()) return;',
  ]),
  plant('VIPs that are gone stay in VPP', /invariant 1: /, 20, [
    'dataplane/reconciler.ts',
    'keeps: (vip) => keepUnknown && !this.#ours.has(vip),',
    'keeps: () => true,',
  ]),
  plant(
    'order of operations by chance',
    /invariant 6/,
    20,
    ['dataplane/plan.ts', 'function createVip(', 'let made = 0;\nfunction createVip('],
    [
      'dataplane/plan.ts',
      'const servers = vip.applicationServers.map((server) => addServer(',
      'const order = made++ % 2 ? vip.applicationServers : vip.applicationServers.toReversed();\n' +
        '  const servers = order.map((server) => addServer(',
    ],
  ),
  plant('a stage that is outdated is sent all the same', /invariant 9/, 60, [
    'dataplane/reconcile-run.ts',
    'stage.some((op) => op.t !== ',
    "stage.some((op) => op.t === 'vip-add' && op.t !== ",
  ]),
  plant('probes from the old namespace', /namespace that was left|prober is closed/, 20, [
    'control.ts',
    'moved ? (a, b) => a === undefined && b === undefined',
    'moved && netns === "" ? (a, b) => a === undefined && b === undefined',
  ]),
  plant('tag of half an answer', /tag has not|tag and bytes/, 60, [
    'api/entity-tag.ts',
    "hash('sha1', payload, 'base64url')",
    "hash('sha1', payload.slice(0, 200), 'base64url')",
  ]),
  plant('a stranger may change things', /invariant 8|403/, 60, [
    'api/access.ts',
    "  if (caller.role === 'operator') return;\n",
    '  return;\n',
  ]),
];

// A VPP in memory: the simulator's model of the lb plugin, with a process around it that can be slow, refuse,
// lose a request, be unreachable or start over, and whose state somebody else can change. It outlives its
// clients.
import type { LbOp } from '../../src/dataplane/lb-op.ts';
import type { ObservedLb, VipKey } from '../../src/dataplane/lb-state.ts';
import { calls } from '../../src/dataplane/simulator/api-calls.ts';
import { LbModel } from '../../src/dataplane/simulator/lb-model.ts';
import type { ServerView } from '../../src/dataplane/simulator/lb-view.ts';
import { asDumpOf, confOf, joinObservation } from '../../src/dataplane/vpp/lb-observation.ts';
import { type LbRequest, lbRequest, wirePrefix } from '../../src/dataplane/vpp/lb-requests.ts';
import { assert, must } from '../../src/lib/assert.ts';
import type { Clock } from '../../src/lib/clock.ts';

/** One request that was executed, and what it changed. */
export interface FakeMutation {
  readonly op: LbOp;
  /** All operations that were handed over with it. */
  readonly stage: readonly LbOp[];
  readonly retval: number;
  /** Servers of the VIP in use that it names; undefined: there is none, or it is about global parameters. */
  readonly before: readonly ServerView[] | undefined;
  readonly after: readonly ServerView[] | undefined;
}

/** What an operation came to: lost = nobody will ever answer it. */
export type Executed = { readonly t: 'answered'; readonly retval: number } | { readonly t: 'lost' };

export interface FakeVpp {
  readonly model: LbModel;
  /** What was executed, in order, as text with the return value. */
  readonly mutations: readonly string[];
  /** What clients did and must not do. */
  readonly violations: string[];
  /** Between an operation or a question and its answer, ms. */
  delayMs: number;
  pid(): number;
  isReachable(): boolean;
  /** Connections drop, and no other one is taken. */
  disconnect(): void;
  connect(): void;
  /** Empty, with another pid; connections drop. */
  restart(): void;
  /** The next operation is refused with this (negative) value and not executed. */
  refuseNext(retval: number): void;
  /** The next operation is not answered, and its connection drops. */
  loseNext(fate: 'done' | 'not-done'): void;
  /** What was ordered by the two before and has not happened yet is called off. */
  calm(): void;
  /** Somebody else does this; gives the return value. */
  drift(op: LbOp): number;
  /** A client looks at everything. */
  look(): ObservedLb;
  /** Whether somebody else changed something that no client has looked at since. */
  hasDrifted(): boolean;
  execute(op: LbOp, asked: LbRequest, stage: readonly LbOp[]): Executed;
  /** The periodic pass of VPP, if it is due. */
  collectGarbage(): void;
  onMutation(hear: (mutation: FakeMutation) => void): () => void;
  /** A client hands over operations: one stage of a plan. */
  handOver(): void;
  onHandOver(hear: () => void): () => void;
  /** Calls back when connections drop, or are taken again. */
  watch(hear: () => void): () => void;
}

const garbageIntervalMs = 60_000;

export function createFakeVpp(clock: Clock): FakeVpp {
  const model = new LbModel(clock.nowMs());
  const reader = createReader(model, clock);
  const mutations: string[] = [];
  const mutation = createSignal<[mutation: FakeMutation]>();
  const handOver = createSignal<[]>();
  const connection = createSignal<[]>();
  let pid = 1000;
  let reachable = true;
  let drifted = false;
  let refusal: number | undefined;
  let loss: 'done' | 'not-done' | undefined;

  function run(op: LbOp, asked: LbRequest, stage: readonly LbOp[], refused?: number): number {
    const before = op.t === 'conf' ? undefined : serversOf(model, op.vip);
    reader.changed();
    const retval = refused ?? answer(clock, model, pid, asked);
    const after = op.t === 'conf' ? undefined : serversOf(model, op.vip);
    mutations.push(`${describe(op)}: ${retval}`);
    mutation.tell({ op, stage, retval, before, after });
    return retval;
  }

  const vpp: FakeVpp = {
    model,
    mutations,
    violations: [],
    delayMs: 0,
    pid: () => pid,
    isReachable: () => reachable,
    disconnect() {
      reachable = false;
      connection.tell();
    },
    connect() {
      reachable = true;
      connection.tell();
    },
    restart() {
      pid++;
      const wasReachable = reachable;
      vpp.disconnect();
      reader.changed();
      model.restart(clock.nowMs());
      if (wasReachable) vpp.connect();
    },
    refuseNext(retval) {
      refusal = retval;
    },
    loseNext(fate) {
      loss = fate;
    },
    calm() {
      refusal = undefined;
      loss = undefined;
    },
    drift(op) {
      drifted = true;
      reader.changed();
      return answer(clock, model, pid, requestOf(op));
    },
    look() {
      drifted = false;
      return reader.read();
    },
    hasDrifted: () => drifted,
    execute(op, asked, stage) {
      const [lost, refused] = [loss, refusal];
      vpp.calm();
      if (lost !== 'not-done') {
        const retval = run(op, asked, stage, refused);
        if (lost === undefined) return { t: 'answered', retval };
      }
      return { t: 'lost' };
    },
    collectGarbage: createGarbagePass(model, clock, reader.changed),
    onMutation: mutation.on,
    handOver: handOver.tell,
    onHandOver: handOver.on,
    watch: connection.on,
  };
  return vpp;
}

/** Renders and reads the model only after a change: that is most of what a simulated run costs. */
function createReader(model: LbModel, clock: Clock) {
  let seen: ObservedLb | undefined;
  return {
    read(): ObservedLb {
      seen ??= readLb(model, clock.wallMs());
      return { ...seen, atMs: clock.wallMs() };
    },
    /** It may hold something else from now on. */
    changed(): void {
      seen = undefined;
    },
  };
}

function createGarbagePass(model: LbModel, clock: Clock, changed: () => void): () => void {
  let collectedAtMs = clock.nowMs();
  return () => {
    if (clock.nowMs() - collectedAtMs < garbageIntervalMs) return;
    collectedAtMs = clock.nowMs();
    changed();
    model.collectGarbage(collectedAtMs);
  };
}

function requestOf(op: LbOp): LbRequest {
  const asked = lbRequest(op);
  assert('request' in asked, 'nobody crashes VPP');
  return asked;
}

/** Return value of the request. */
function answer(clock: Clock, model: LbModel, pid: number, { request, values }: LbRequest): number {
  const call = must(calls.get(request.name), `simulated message ${request.name}`);
  const context = { model, nowMs: clock.nowMs(), vpePid: pid, clientIndex: 0 };
  return Number(call.answer(values, context)[0]?.values['retval']);
}

function createSignal<A extends readonly unknown[]>() {
  const hearers = new Set<(...args: A) => void>();
  return {
    /** Until the returned end. */
    on(hear: (...args: A) => void) {
      hearers.add(hear);
      return () => void hearers.delete(hear);
    },
    tell(...args: A) {
      for (const hear of [...hearers]) hear(...args);
    },
  };
}

/** All that the model holds, as a client reads it. */
export function readLb(model: LbModel, wallMs: number): ObservedLb {
  const servers = model.dumpAses(asDumpOf(undefined));
  const conf = confOf({ retval: 0, ...model.conf() });
  const held = joinObservation(wallMs, conf, model.dumpVips(), servers, model.renderVipsVerbose());
  return must(held, 'a model that does not contradict itself');
}

/** Servers of the VIP in use of this key, deleted ones that linger included; undefined: there is none. */
export function serversOf(model: LbModel, key: VipKey): readonly ServerView[] | undefined {
  return model.serversOf({ prefix: wirePrefix(key), protocol: key.protocol, port: key.port });
}

/** An operation without what is for people only. */
function describe(op: LbOp): string {
  if (op.t === 'conf') {
    const { ipv4SrcAddress, ipv6SrcAddress, stickyBucketsPerCore, flowTimeoutSeconds } = op.conf;
    return `conf ${ipv4SrcAddress.text} ${ipv6SrcAddress.text} ${stickyBucketsPerCore} ${flowTimeoutSeconds}`;
  }
  const { address, prefixLength, protocol, port } = op.vip;
  const place = `${op.t} ${address.text}/${prefixLength} ${protocol} ${port}`;
  switch (op.t) {
    case 'vip-delete':
      return place;
    case 'vip-add':
      return `${place} ${op.vip.encap} ${op.vip.newFlowsTableLength} ${op.vip.srcIpSticky ? 'sticky' : ''}`;
    case 'as-delete':
      return `${place} ${op.address.text}`;
    case 'as-add':
    case 'as-weight':
      return `${place} ${op.address.text} weight ${op.weight}${op.flush ? ' flush' : ''}`;
  }
}

// Watches every single change of the simulated VPP, at the moment at which it is made, and holds it against
// what the daemon knew when it planned: invariants 2 and 9 of the house, and that flows are cut where they
// must be. It changes nothing.
import type { Daemon } from '../../src/daemon.ts';
import { backendAddress, vipKeyOf } from '../../src/dataplane/desired.ts';
import type { LbOp } from '../../src/dataplane/lb-op.ts';
import { vipName } from '../../src/dataplane/lb-state.ts';
import type { ServerView } from '../../src/dataplane/simulator/lb-view.ts';
import type { Transition } from '../../src/health/backend-health.ts';
import type { FrontendStatus } from '../../src/health/frontend-state.ts';
import { must } from '../../src/lib/assert.ts';
import type { Clock } from '../../src/lib/clock.ts';
import { type FakeMutation, type FakeVpp, serversOf } from '../support/fake-vpp.ts';

/**
 * Statuses of frontends, by the name of the VIP, as they were when the operations under way were handed over:
 * later ones of a plan are not begun when something else is wanted by then.
 */
type Statuses = ReadonlyMap<string, FrontendStatus>;

export class LbWitness {
  readonly #clock: Clock;
  readonly #vpp: FakeVpp;
  #daemon: Daemon | undefined;
  #startMs = 0;
  /** The configuration, an operator or somebody else had a hand in it since the start. */
  #touched = false;
  #planned: Statuses = new Map();
  /** How often a rule had something to look at. */
  readonly seen = { mutations: 0, emptied: 0, warmChanges: 0, warmLowerings: 0, flushes: 0 };
  /** Cuts of flows that are due, with the process of VPP that has the flows; by VIP and server. */
  readonly #owed = new Map<string, number>();

  constructor(clock: Clock, vpp: FakeVpp) {
    this.#clock = clock;
    this.#vpp = vpp;
    vpp.onHandOver(() => this.#note());
    vpp.onMutation((mutation) => this.#hear(mutation));
  }

  daemonStarted(daemon: Daemon): void {
    this.#daemon = daemon;
    this.#startMs = this.#clock.nowMs();
    this.#touched = false;
    // Debts do not outlive the daemon.
    this.#owed.clear();
  }

  /** Cuts of flows that were due and are not done, by VIP and server. */
  owed(): readonly string[] {
    return [...this.#owed].filter(([, pid]) => pid === this.#vpp.pid()).map(([name]) => name);
  }

  /** What is owed by now may be void. */
  forgive(): void {
    this.#owed.clear();
  }

  /**
   * Who served and is down, where flush-on-down says so, or disabled, is to lose the flows that it has in
   * VPP.
   */
  backendChanged(backend: string, { from, to }: Transition): void {
    const control = this.#daemon?.control;
    if (control === undefined || from !== 'up') return;
    const config = control.config();
    for (const name of control.usedBy(backend)) {
      const frontend = must(config.frontends.get(name), name);
      if (to !== 'disabled' && !(to === 'down' && frontend.flushOnDown)) continue;
      const [key, text] = [vipKeyOf(frontend), backendAddress(backend, config)];
      const held = serversOf(this.#vpp.model, key);
      const isThere = held?.some(({ used, address }) => used && address.text === text);
      if (isThere) this.#owed.set(`${vipName(key)} ${text}`, this.#vpp.pid());
    }
  }

  /** A reload, or an operator's decision: what follows is no longer the warm-up's alone to answer for. */
  touched(): void {
    this.#touched = true;
  }

  /** Somebody else changed VPP: what was planned before is not to blame for what follows from both. */
  drifted(): void {
    this.#touched = true;
    this.#planned = new Map();
    this.forgive();
  }

  #note(): void {
    const control = this.#daemon?.control;
    const planned = new Map<string, FrontendStatus>();
    for (const frontend of control?.config().frontends.values() ?? []) {
      const status = control?.frontendStatus(frontend.name);
      if (status !== undefined) planned.set(vipName(vipKeyOf(frontend)), status);
    }
    // Between two looks the daemon goes by what it left there: what it cannot know is not its fault.
    this.#planned = this.#vpp.hasDrifted() ? new Map() : planned;
  }

  #hear(mutation: FakeMutation): void {
    if (mutation.retval !== 0) return;
    this.seen.mutations++;
    this.#settle(mutation.op);
    this.#checkServing(mutation);
    this.#checkWarmUp(mutation);
  }

  #settle(op: LbOp): void {
    if (op.t === 'conf' || op.t === 'vip-add' || op.t === 'vip-delete') return;
    if (op.t !== 'as-delete' && !op.flush) return;
    if (this.#owed.delete(`${vipName(op.vip)} ${op.address.text}`)) this.seen.flushes++;
  }

  /**
   * Invariant 9. A VIP that had a server with a weight has one afterwards, unless nothing could serve when
   * this was planned (an operator's own weights of 0 count: then nothing can), or the VIP is on its way out
   * to be made anew or because nobody wants it any more.
   */
  #checkServing({ op, stage, before, after }: FakeMutation): void {
    if (op.t === 'conf' || before === undefined || after === undefined) return;
    if (!isServing(before) || isServing(after)) return;
    const name = vipName(op.vip);
    this.seen.emptied++;
    if (stage.some((other) => other.t === 'vip-delete' && vipName(other.vip) === name)) return;
    if (this.#planned.get(name)?.state !== 'up') return;
    this.#vpp.violations.push(`invariant 9: ${describe(op)} left ${name} with no server that takes flows`);
  }

  /**
   * Invariant 2. After a start nothing is changed before startup-min-delay; and before startup-max-delay
   * nothing is taken from a backend that is still unknown, or from one whose frontend has others that are, or
   * that serves.
   */
  #checkWarmUp({ op, before }: FakeMutation): void {
    const control = this.#daemon?.control;
    const sinceMs = this.#clock.nowMs() - this.#startMs;
    if (control === undefined) return;
    const { startupMinDelayMs, startupMaxDelayMs } = control.config().lb;
    if (sinceMs < startupMinDelayMs) {
      this.#vpp.violations.push(`invariant 2: ${describe(op)} ${sinceMs} ms after the start`);
    }
    if (op.t === 'conf' || this.#touched || sinceMs >= startupMaxDelayMs) return;
    this.seen.warmChanges++;
    const planned = this.#planned.get(vipName(op.vip));
    if (planned === undefined || !lowers(op, before)) return;
    this.seen.warmLowerings++;
    const backends = planned.pools.flatMap((pool) => pool.backends);
    if (backends.some(({ state }) => state === 'unknown')) {
      this.#vpp.violations.push(`invariant 2: ${describe(op)} while backends are unknown`);
    }
    if (op.t !== 'as-weight' || op.weight > 0) return;
    const serving = backends.some(({ name, weight }) => name === op.backend && weight > 0);
    if (serving) this.#vpp.violations.push(`invariant 2: ${describe(op)} of a backend that serves`);
  }
}

function isServing(servers: readonly ServerView[]): boolean {
  return servers.some(({ used, weight }) => used && weight > 0);
}

/** Whether somebody loses by it. */
function lowers(op: LbOp, before: readonly ServerView[] | undefined): boolean {
  if (before === undefined || op.t === 'conf' || op.t === 'vip-add' || op.t === 'as-add') return false;
  if (op.t === 'vip-delete') return isServing(before);
  const text = op.address.text;
  const held = before.find(({ used, address }) => used && address.text === text);
  return held !== undefined && (op.t === 'as-delete' ? held.weight > 0 : held.weight > op.weight);
}

function describe(op: LbOp): string {
  const server = 'address' in op ? ` ${op.address.text}` : '';
  const weight = 'weight' in op ? ` weight ${op.weight}` : '';
  return `${op.t}${op.t === 'conf' ? '' : ` ${vipName(op.vip)}`}${server}${weight} (${op.why})`;
}

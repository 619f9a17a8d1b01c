// The connection to a VPP as a whole: API and stats sockets stand and fall together, and are sought again
// after a rest. It names the state for people and tells who watches; what VPP holds is none of its business.
import type { Clock, Timer } from '../../lib/clock.ts';
import { vppPingIntervalMs, vppReconnectMsMax, vppReconnectMsMin } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import type { ConnectionState, DataplaneInfo } from '../dataplane.ts';
import {
  type ApiCall,
  Connection,
  ConnectionFault,
  type Transport,
  type TransportEvents,
} from './connection.ts';
import { controlPing, controlPingReply, neededMessages, showVersion, showVersionReply } from './messages.ts';
import { type StatsMapping, StatsSegment } from './stats-segment.ts';

export interface VppLinkOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Throws when the socket cannot be reached. */
  readonly openTransport: (events: TransportEvents) => Transport;
  readonly openStats: () => Promise<StatsMapping>;
  /** After each change of the state. `sameVpp`: the process that was connected is the one before. */
  readonly onChange: (sameVpp: boolean) => void;
  readonly onCall: (call: ApiCall) => void;
}

/** A VPP that can be asked. */
export interface VppSession {
  readonly connection: Connection;
  readonly stats: StatsSegment;
}

/** How an attempt, or a connection, ended. */
interface Ending {
  readonly state: ConnectionState;
  readonly reason: string;
  readonly wasConnected: boolean;
}

type Known = Omit<DataplaneInfo, 'connection' | 'reason' | 'missingCapabilities'>;

export class VppLink {
  readonly #options: VppLinkOptions;
  #state: ConnectionState = 'connecting';
  #reason: string | undefined;
  /** State and reason that were told last. */
  #told = '';
  #known: Known = {};
  #missing: readonly string[] = [];
  #session: VppSession | undefined;
  /** Process and start time of the VPP that was connected last. */
  #lastVpp = '';
  #stopped = false;
  #living: Promise<void> | undefined;
  #rest: { readonly timer: Timer; readonly end: () => void } | undefined;
  #endSession: (() => void) | undefined;

  constructor(options: VppLinkOptions) {
    this.#options = options;
  }

  info(): DataplaneInfo {
    const reason = this.#reason === undefined ? {} : { reason: this.#reason };
    return { connection: this.#state, ...this.#known, ...reason, missingCapabilities: this.#missing };
  }

  /** Present while connected. */
  session(): VppSession | undefined {
    return this.#session;
  }

  start(): void {
    this.#living ??= this.#live();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#rest?.end();
    this.#endSession?.();
    await this.#living;
  }

  async #live(): Promise<void> {
    let restMs = vppReconnectMsMin;
    while (!this.#stopped) {
      // One that was silent a moment ago stays so named until it answers.
      if (this.#state !== 'not-responding') this.#change('connecting', this.#reason);
      const ending = await this.#tryOnce();
      if (this.#stopped) break;
      if (ending.wasConnected) restMs = vppReconnectMsMin;
      this.#change(ending.state, ending.reason);
      await this.#sleep(restMs);
      restMs = Math.min(restMs * 2, vppReconnectMsMax);
    }
    this.#session = undefined;
  }

  #change(state: ConnectionState, reason: string | undefined, sameVpp = false): void {
    const { log, onChange } = this.#options;
    this.#state = state;
    this.#reason = state === 'connected' ? undefined : reason;
    // What was known of a VPP that is gone would be taken for what is there.
    if (state === 'disconnected' || state === 'not-responding') this.#known = {};
    // A try in between is no news, nor is that it ended as the one before.
    const word = `${state} ${this.#reason}`;
    if (state === 'connecting' || word === this.#told) return;
    this.#told = word;
    const { version, pid } = this.#known;
    if (state === 'connected') log.info('vpp-connected', { version, vppPid: pid, sameVpp });
    else if (state === 'incompatible') log.error('vpp-incompatible', { version, why: reason });
    else log.warn(`vpp-${state}`, { why: reason });
    onChange(sameVpp);
  }

  #sleep(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#options.clock.setTimer(delayMs, () => this.#rest?.end());
    const end = () => {
      timer.cancel();
      this.#rest = undefined;
      resolve();
    };
    this.#rest = { timer, end };
    return promise;
  }

  /** From the attempt to connect to the end of what came of it. */
  async #tryOnce(): Promise<Ending> {
    const { clock, openTransport, onCall } = this.#options;
    const closed = Promise.withResolvers<ConnectionFault>();
    const abort = new AbortController();
    this.#endSession = () => {
      abort.abort();
      closed.resolve(new ConnectionFault('closed', 'closed by maglevd'));
    };
    let connection: Connection;
    try {
      connection = await Connection.open({
        clock,
        open: openTransport,
        onClosed: closed.resolve,
        onCall,
        signal: abort.signal,
      });
    } catch (error) {
      this.#endSession = undefined;
      return endingOf(error, false);
    }
    this.#missing = connection.table().missing(neededMessages);
    const stats =
      this.#missing.length > 0 ? undefined : await this.#greet(connection).catch((e: unknown) => e);
    const ending = await (stats instanceof StatsSegment
      ? this.#serve({ connection, stats }, closed.promise)
      : stats === undefined
        ? this.#endure(connection, closed.promise)
        : endingOf(stats, false));
    this.#endSession = undefined;
    connection.close();
    if (stats instanceof StatsSegment) stats.close();
    return ending;
  }

  /** Who VPP is; rejects when it does not say, or has no stats for us. */
  async #greet(connection: Connection): Promise<StatsSegment> {
    const stats = new StatsSegment(await this.#options.openStats());
    try {
      const boot = stats.readScalar('/sys/boottime');
      if (!boot.ok) throw new Error(`stats segment: ${boot.reason}`);
      // Asked last, so that a connection that ended meanwhile is not taken for one that stands.
      const [version, ping] = await Promise.all([
        connection.request(showVersion, {}, showVersionReply),
        connection.request(controlPing, {}, controlPingReply),
      ]);
      this.#known = {
        version: version.version,
        buildDate: version.buildDate,
        buildDirectory: version.buildDirectory,
        pid: ping.vpePid,
        bootTimeMs: Number(boot.value) * 1000,
        connectTimeMs: this.#options.clock.wallMs(),
      };
      return stats;
    } catch (error) {
      stats.close();
      throw error;
    }
  }

  async #serve(session: VppSession, closed: Promise<ConnectionFault>): Promise<Ending> {
    const vpp = `${this.#known.pid} ${this.#known.bootTimeMs}`;
    const sameVpp = vpp === this.#lastVpp;
    this.#lastVpp = vpp;
    this.#session = session;
    this.#change('connected', undefined, sameVpp);
    const fault = await this.#keepAlive(session.connection, closed);
    this.#session = undefined;
    return endingOf(fault, true);
  }

  /** A VPP that must not be programmed: the connection is kept, so that its end is noticed. */
  async #endure(connection: Connection, closed: Promise<ConnectionFault>): Promise<Ending> {
    this.#known = {};
    const version = await this.#askVersion(connection);
    const vpp = `VPP ${version ?? 'of unknown version'}`;
    const reason = `${vpp} lacks ${this.#missing.join(', ')}: 26.10 or newer is needed`;
    if (version !== undefined) this.#known = { version };
    this.#change('incompatible', reason);
    const canPing = [controlPing, controlPingReply].every(
      (one) => connection.table().idOf(one) !== undefined,
    );
    const ending = endingOf(await (canPing ? this.#keepAlive(connection, closed) : closed), false);
    this.#missing = [];
    return ending;
  }

  async #askVersion(connection: Connection): Promise<string | undefined> {
    const known = [showVersion, showVersionReply].every((one) => connection.table().idOf(one) !== undefined);
    if (!known) return undefined;
    // When it does not answer, the connection ends, and that is told there.
    return connection.request(showVersion, {}, showVersionReply).then(
      (reply) => reply.version,
      () => undefined,
    );
  }

  /** Pings until the connection ends. */
  async #keepAlive(connection: Connection, closed: Promise<ConnectionFault>): Promise<ConnectionFault> {
    const { clock } = this.#options;
    let timer: Timer | undefined;
    const plan = () => {
      timer = clock.setTimer(vppPingIntervalMs, () => {
        // A ping that fails ends the connection, which is what is waited for here.
        connection.request(controlPing, {}, controlPingReply).then(plan, () => undefined);
      });
    };
    plan();
    const fault = await closed;
    timer?.cancel();
    return fault;
  }
}

function endingOf(error: unknown, wasConnected: boolean): Ending {
  const reason = error instanceof Error ? error.message : String(error);
  const silent = error instanceof ConnectionFault && error.kind === 'silent';
  return { state: silent ? 'not-responding' : 'disconnected', reason, wasConnected };
}

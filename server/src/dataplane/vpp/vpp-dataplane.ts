// A real VPP (or the simulator) as a dataplane: observe and apply over the binary API, counters over the
// stats segment. It speaks of vips and ases only and decides nothing.
import { AddressBook } from '../../lib/address-book.ts';
import type { Clock } from '../../lib/clock.ts';
import { vppApplyWindow, vppObserveTriesMax } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import type {
  ApplyOutcome,
  CountersSample,
  Dataplane,
  DataplaneFault,
  DataplaneInfo,
  Observation,
} from '../dataplane.ts';
import type { LbOp } from '../lb-op.ts';
import type { ObservedAs, ObservedLb, VipKey } from '../lb-state.ts';
import { vipName } from '../lb-state.ts';
import { MalformedMessage } from './bytes.ts';
import type { ApiCall, Connection, Transport, TransportEvents } from './connection.ts';
import { ConnectionFault } from './connection.ts';
import { CountersSampler } from './counters.ts';
import { vppErrorName } from './error-names.ts';
import { asDumpOf, confOf, groupServers, joinObservation } from './lb-observation.ts';
import { lbRequest } from './lb-requests.ts';
import {
  cliInband,
  cliInbandReply,
  lbAsV2Details,
  lbAsV2Dump,
  lbConfGet,
  lbConfGetReply,
  lbVipDetails,
  lbVipDump,
} from './messages.ts';
import type { StatsMapping } from './stats-segment.ts';
import { VppLink } from './vpp-link.ts';

export interface VppDataplaneOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Throws when the API socket cannot be reached. */
  readonly openTransport: (events: TransportEvents) => Transport;
  readonly openStats: () => Promise<StatsMapping>;
  /** Counts what goes and comes; absent: nobody does. */
  readonly onCall?: (call: ApiCall) => void;
}

const lost = (message: string): DataplaneFault => ({ t: 'lost', message });

/** A text that VPP's CLI takes as one command. */
const showVips = 'show lb vips verbose';

export function createVppDataplane(options: VppDataplaneOptions): Dataplane {
  const { clock, log } = options;
  const addresses = new AddressBook();
  const watchers = new Set<(sameVpp: boolean) => void>();
  const onCall = (call: ApiCall) => {
    options.onCall?.(call);
    const { direction, message, retval } = call;
    if (log.isDebug)
      log.debug(`vpp-api-${direction}`, direction === 'send' ? { message } : { message, retval });
  };
  const link = new VppLink({
    ...options,
    onCall,
    onChange(sameVpp) {
      sampler.connectionChanged();
      for (const watcher of watchers) watcher(sameVpp);
    },
  });
  const sampler = new CountersSampler({ clock, log, session: () => link.session() });

  async function ask<T>(question: (connection: Connection) => Promise<T>): Promise<Observation<T>> {
    const session = link.session();
    if (session === undefined) return { ok: false, fault: lost('not connected to VPP') };
    try {
      return { ok: true, value: await question(session.connection) };
    } catch (error) {
      if (error instanceof ConnectionFault) return { ok: false, fault: lost(error.message) };
      // What VPP says is not ours to vouch for: a whole answer that makes no sense is no answer.
      if (error instanceof MalformedMessage) return { ok: false, fault: lost(error.message) };
      throw error;
    }
  }

  async function observe(): Promise<Observation<ObservedLb>> {
    for (let attempt = 1; attempt <= vppObserveTriesMax; attempt++) {
      const answer = await ask((connection) => observeAll(connection, clock, addresses));
      if (!answer.ok) return answer;
      if (answer.value !== undefined) {
        sampler.vipsChanged(answer.value);
        return { ok: true, value: answer.value };
      }
    }
    return { ok: false, fault: lost('VPP was changed by somebody else all the while it was read') };
  }

  return {
    info: (): DataplaneInfo => link.info(),
    watch(onChange) {
      const own = (sameVpp: boolean) => onChange(sameVpp);
      watchers.add(own);
      return () => void watchers.delete(own);
    },
    observe,
    observeServers: (vips) => ask((connection) => observeServers(connection, vips, addresses)),
    async apply(ops, onAcknowledged = () => undefined): Promise<ApplyOutcome> {
      const session = link.session();
      const [first] = ops;
      if (first === undefined) return { acknowledged: [] };
      if (session !== undefined) return applyAll(session.connection, ops, onAcknowledged);
      return { acknowledged: [], failure: { op: first, fault: lost('not connected to VPP') } };
    },
    counters: (): CountersSample | undefined => sampler.last(),
    start: () => link.start(),
    async stop() {
      sampler.stop();
      await link.stop();
    },
  };
}

/** All questions go out in one write, so that hardly anything can change between the answers. */
async function observeAll(
  connection: Connection,
  clock: Clock,
  addresses: AddressBook,
): Promise<ObservedLb | undefined> {
  const all = { af: 0, bytes: new Uint8Array(16), length: 0 };
  const vipDump = { prefix: all, matcherLe: 0, matcherGe: 0, protocol: 0, port: 0 };
  const [conf, vips, servers, text] = await Promise.all([
    connection.request(lbConfGet, {}, lbConfGetReply),
    connection.dump(lbVipDump, vipDump, lbVipDetails),
    connection.dump(lbAsV2Dump, asDumpOf(undefined), lbAsV2Details),
    connection.request(cliInband, { command: showVips }, cliInbandReply),
  ]);
  return joinObservation(clock.wallMs(), confOf(conf, addresses), vips, servers, text.reply, addresses);
}

async function observeServers(
  connection: Connection,
  vips: readonly VipKey[],
  addresses: AddressBook,
): Promise<readonly (readonly ObservedAs[])[]> {
  const dumps = vips.map((vip) => connection.dump(lbAsV2Dump, asDumpOf(vip), lbAsV2Details));
  const answers = await Promise.all(dumps);
  return answers.map(
    (rows, index) => groupServers(rows, addresses).get(vipName(vips[index] as VipKey)) ?? [],
  );
}

/** Sends ahead of the acknowledgements, within a window; a failure ends the sending. */
function applyAll(
  connection: Connection,
  ops: readonly LbOp[],
  onAcknowledged: (op: LbOp) => void,
): Promise<ApplyOutcome> {
  const { promise, resolve, reject } = Promise.withResolvers<ApplyOutcome>();
  const acknowledged: LbOp[] = [];
  let failure: ApplyOutcome['failure'];
  let next = 0;
  let inFlight = 0;
  const fail = (op: LbOp, fault: DataplaneFault) => {
    failure ??= { op, fault };
  };
  const pump = () => {
    while (failure === undefined && next < ops.length && inFlight < vppApplyWindow) {
      const op = ops[next++] as LbOp;
      const asked = lbRequest(op);
      if ('refusal' in asked) {
        fail(op, { t: 'refused', code: 0, name: 'UNSAFE', message: `not sent to VPP: ${asked.refusal}` });
        break;
      }
      inFlight++;
      connection
        .request(asked.request, asked.values, asked.reply)
        .then(
          (reply) => {
            const retval = Number(reply['retval']);
            if (retval < 0) fail(op, refusedBy(retval));
            else {
              acknowledged.push(op);
              onAcknowledged(op);
            }
            settle();
          },
          (error: unknown) => {
            if (!(error instanceof ConnectionFault)) return reject(error);
            fail(op, lost(error.message));
            settle();
          },
        )
        .catch(reject);
    }
    if (inFlight === 0) resolve(failure === undefined ? { acknowledged } : { acknowledged, failure });
  };
  const settle = () => {
    inFlight--;
    pump();
  };
  pump();
  return promise;
}

function refusedBy(code: number): DataplaneFault {
  const name = vppErrorName(code);
  return { t: 'refused', code, name, message: `VPP refused: ${name} (${code})` };
}

// What a simulated VPP answers to each API message: decoded values in, replies out. Knows no socket, no
// frame and no message id.
import type { Fields, Message, Values } from '../vpp/codec.ts';
import {
  cliInband,
  cliInbandReply,
  controlPing,
  controlPingReply,
  ipRouteLookup,
  ipRouteLookupReply,
  lbAddDelAsV2,
  lbAddDelAsV2Reply,
  lbAddDelVipV2,
  lbAddDelVipV2Reply,
  lbAsSetWeight,
  lbAsSetWeightReply,
  lbAsV2Details,
  lbAsV2Dump,
  lbConf,
  lbConfGet,
  lbConfGetReply,
  lbConfReply,
  lbFlushVip,
  lbFlushVipReply,
  lbVipDetails,
  lbVipDump,
  showVersion,
  showVersionReply,
} from '../vpp/messages.ts';
import { decodeAddress, decodePrefix, ip46PrefixText, toAddress } from './ip46.ts';
import { protocolOf, type VipRequest } from './lb-memory.ts';
import type { LbModel } from './lb-model.ts';
import { retvals } from './retval.ts';

export const simulatedVersion = '26.10-sim';
const buildDate = '2026-10-28T00:00:00';

/** What a call sees besides its values. */
export interface CallContext {
  readonly model: LbModel;
  readonly nowMs: number;
  readonly vpePid: number;
  readonly clientIndex: number;
}

export interface CallReply {
  readonly message: Message;
  readonly values: Values<Fields>;
}

export interface Call {
  readonly request: Message;
  /** The message that a refusal comes in; absent for dumps, which cannot refuse. */
  readonly reply: Message | undefined;
  /** For a trace, of calls that change something. */
  readonly summary?: (values: Values<Fields>) => string;
  /** May throw VppCrash. */
  readonly answer: (values: Values<Fields>, context: CallContext) => readonly CallReply[];
}

function call<F extends Fields, R extends Fields>(
  request: Message<F>,
  reply: Message<R>,
  answer: (values: Values<F>, context: CallContext) => Values<R>,
): Call {
  const untyped = answer as (values: Values<Fields>, context: CallContext) => Values<Fields>;
  return {
    request,
    reply,
    answer: (values, context) => [{ message: reply, values: untyped(values, context) }],
  };
}

function dump<F extends Fields, R extends Fields>(
  request: Message<F>,
  details: Message<R>,
  answer: (values: Values<F>, context: CallContext) => readonly Values<R>[],
): Call {
  const untyped = answer as (values: Values<Fields>, context: CallContext) => readonly Values<Fields>[];
  return {
    request,
    reply: undefined,
    answer: (values, context) => untyped(values, context).map((row) => ({ message: details, values: row })),
  };
}

function mutation<F extends Fields>(
  request: Message<F>,
  reply: Call['reply'] & Message,
  change: (values: Values<F>, context: CallContext) => number,
  summary: (values: Values<F>) => string,
): Call {
  const untyped = change as (values: Values<Fields>, context: CallContext) => number;
  return {
    request,
    reply,
    summary: summary as (values: Values<Fields>) => string,
    answer: (values, context) => [{ message: reply, values: { retval: untyped(values, context) } }],
  };
}

const vipText = (vip: VipRequest) =>
  `${ip46PrefixText(decodePrefix(vip.prefix))} ${protocolOf(vip)}/${vip.port}`;
const serverText = (values: VipRequest & { readonly asAddress: { af: number; bytes: Uint8Array } }) =>
  `${toAddress(decodeAddress(values.asAddress)).text} of ${vipText(values)}`;
const flushText = (flush: boolean) => (flush ? ' flush' : '');

const mutations: readonly Call[] = [
  mutation(
    lbConf,
    lbConfReply,
    (values, { model }) => model.setConf(values),
    ({ ipv4SrcAddress, stickyBucketsPerCore, flowTimeout }) =>
      `ipv4 ${ipv4SrcAddress.join('.')} buckets ${stickyBucketsPerCore} timeout ${flowTimeout}`,
  ),
  mutation(
    lbAddDelVipV2,
    lbAddDelVipV2Reply,
    (values, { model, nowMs }) => model.addDelVip(values, nowMs),
    (values) => `${values.isDel ? 'delete' : 'add'} ${vipText(values)}`,
  ),
  mutation(
    lbAddDelAsV2,
    lbAddDelAsV2Reply,
    (values, { model, nowMs }) => model.addDelAs(values, nowMs),
    (values) =>
      values.isDel
        ? `delete ${serverText(values)}${flushText(values.isFlush)}`
        : `add ${serverText(values)} weight ${values.weight}${flushText(values.isFlush)}`,
  ),
  mutation(
    lbAsSetWeight,
    lbAsSetWeightReply,
    (values, { model }) => model.setAsWeight(values),
    (values) => `${serverText(values)} weight ${values.weight}${flushText(values.isFlush)}`,
  ),
  mutation(lbFlushVip, lbFlushVipReply, (values, { model }) => model.flushVip(values), vipText),
];

const questions: readonly Call[] = [
  call(controlPing, controlPingReply, (_, { vpePid, clientIndex }) => ({ retval: 0, clientIndex, vpePid })),
  call(showVersion, showVersionReply, () => ({
    retval: 0,
    program: 'vpe',
    version: simulatedVersion,
    buildDate,
    buildDirectory: '/simulator',
  })),
  call(cliInband, cliInbandReply, ({ command }, { model }) => runCommand(command.trim(), model)),
  call(ipRouteLookup, ipRouteLookupReply, ({ tableId, exact, prefix }, { model }) =>
    tableId === 0
      ? { tableId, ...model.lookupRoute(prefix, exact !== 0) }
      : { retval: retvals.noSuchFib, tableId: 0, statsIndex: 0 },
  ),
  call(lbConfGet, lbConfGetReply, (_, { model }) => ({ retval: 0, ...model.conf() })),
  dump(lbVipDump, lbVipDetails, (_, { model }) => model.dumpVips()),
  dump(lbAsV2Dump, lbAsV2Details, (filter, { model }) => model.dumpAses(filter)),
];

/** By the name of the request. */
export const calls: ReadonlyMap<string, Call> = new Map(
  [...questions, ...mutations].map((each) => [each.request.name, each]),
);

/** Everything that the table of messages lists, replies included; there is no other message. */
export const knownMessages: readonly Message[] = [
  ...[...calls.values()].flatMap(({ request, reply }) => (reply ? [request, reply] : [request])),
  lbVipDetails,
  lbAsV2Details,
];

function runCommand(command: string, model: LbModel): Values<typeof cliInbandReply.fields> {
  switch (command) {
    case 'show lb vips verbose':
      return { retval: 0, reply: model.renderVipsVerbose() };
    case 'show version':
      return { retval: 0, reply: `vpp v${simulatedVersion} built by maglev at ${buildDate}\n` };
    default:
      return { retval: retvals.unspecified, reply: `unknown input \`${command}'\n` };
  }
}

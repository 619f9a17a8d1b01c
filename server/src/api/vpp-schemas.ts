// The shapes of what the API shows of VPP, in VPP's words. Counters are exact up to 2^53.
import { Type } from 'typebox';
import { connectionStates } from '../dataplane/dataplane.ts';
import { weightMax } from '../lib/limits.ts';
import {
  count,
  duration,
  FrontendName,
  type Json,
  Name,
  object,
  PoolName,
  Reason,
  shape,
  text,
  time,
  words,
} from './schema-parts.ts';

export const VppInfoShape = shape(
  'VPPInfo',
  {
    connection: words(
      connectionStates,
      'state of the connection to VPP; disabled: none is configured',
      'not-responding',
    ),
    reason: Type.Optional(text('why it is not connected', 'no answer to control_ping within 5 s')),
    version: Type.Optional(text('version of VPP', '26.10-release')),
    buildDate: Type.Optional(text('when that VPP was built', '2026-10-28T12:00:00')),
    buildDirectory: Type.Optional(text('where that VPP was built', '/build/vpp')),
    pid: Type.Optional(count('process id of VPP', 1834)),
    bootTime: Type.Optional(time('when VPP started')),
    connectTime: Type.Optional(time('when maglevd connected to it last')),
    apiSent: Type.Optional(
      count('API calls sent to VPP since maglevd started; absent: no VPP is configured', 1017),
    ),
    apiReceived: Type.Optional(count('replies to them that came', 1017)),
    missingCapabilities: Type.Array(Type.String(), {
      description: 'messages that are needed and that this VPP lacks, as name_crc',
      examples: [['lb_conf_get_51077d14']],
    }),
  },
  'the connection to VPP, and the VPP behind it',
);

const VipFields = {
  prefix: text('address and prefix length of the VIP', '198.51.100.80/32'),
  protocol: text('tcp, udp, any, or the number of another one', 'tcp'),
  port: Type.Optional(
    Type.Integer({ description: 'absent: all ports', minimum: 1, maximum: 65535, examples: [80] }),
  ),
  frontend: Type.Optional(
    text('frontend that it is of; absent: the configuration does not know it', 'www-v4'),
  ),
};

const ApplicationServerShape = shape(
  'ApplicationServer',
  {
    address: text('address', '192.0.2.10'),
    backend: Type.Optional(text('backend that it is of', 'nginx0-ams')),
    weight: count('weight as VPP has it', 10),
    buckets: count('buckets of the new-flow table that VPP gives it', 512),
    predictedBuckets: count('buckets that the weights give it by the rule of the table', 512),
  },
  'an application server in use',
);

const LbVipShape = shape(
  'LBVip',
  {
    ...VipFields,
    encap: words(['gre4', 'gre6', 'l3dsr', 'nat4', 'nat6'], 'how packets reach the application servers'),
    srcIpSticky: Type.Boolean({ description: 'flows of one source address stay together' }),
    newFlowsTableLength: count('buckets of the new-flow table', 1024),
    inSync: Type.Optional(
      Type.Boolean({
        description:
          'whether it is what configuration and health ask for; absent: not ours, or not yet released',
        examples: [true],
      }),
    ),
    applicationServers: Type.Array(ApplicationServerShape, { description: 'by address' }),
  },
  'a VIP as VPP holds it',
);

export const LbStateShape = shape(
  'LBState',
  {
    at: time('when VPP was read'),
    conf: shape(
      'LBConf',
      {
        ipv4SrcAddress: text('source of GRE packets to IPv4 application servers', '192.0.2.1'),
        ipv6SrcAddress: text('source of GRE packets to IPv6 application servers', '2001:db8::1'),
        stickyBucketsPerCore: count('size of the table of flows, per thread', 1024),
        flowTimeout: duration('after which an idle flow is forgotten', '40s'),
      },
      'global parameters',
    ),
    vips: Type.Array(LbVipShape, { description: 'by address, protocol and port' }),
    missingFrontends: Type.Array(Type.String(), {
      description: 'frontends that should be in VPP and are not',
      examples: [['www-v6']],
    }),
  },
  'what VPP holds, read now',
);

export const LbSyncBody = object(
  { frontend: Type.Optional(FrontendName) },
  'which frontend; absent: all, and VIPs that the configuration does not know are removed',
);

export const LbSyncShape = shape(
  'LBSync',
  {
    vipsAdded: count('VIPs added'),
    vipsRemoved: count('VIPs removed'),
    asesAdded: count('application servers added'),
    asesRemoved: count('application servers removed'),
    weightsChanged: count('weights changed, or flows cut', 2),
    inSync: Type.Boolean({ description: 'whether VPP now holds what it should' }),
  },
  'what the run did',
);

const VipCountersShape = shape(
  'VIPCounters',
  {
    ...VipFields,
    next: count('packets of flows that VPP knew', 184302),
    first: count('first packets of flows', 5120),
    untracked: count('packets of flows that had no room in the table of flows'),
    noServer: count('packets that no application server was there for'),
    routePackets: Type.Optional(count("packets to the VIP's prefix, all its ports together", 189422)),
    routeBytes: Type.Optional(count("bytes to the VIP's prefix, all its ports together", 121230080)),
  },
  'counters of a VIP since it was added to VPP',
);

export const LbCountersShape = shape(
  'LBCounters',
  { at: time('when they were read'), vips: Type.Array(VipCountersShape, { description: 'by address' }) },
  'counters of all VIPs',
);

export const VipQuery = object({ frontend: Type.Optional(FrontendName) }, 'which VIPs; absent: all');

export const WeightParams = object(
  { frontend: FrontendName, pool: PoolName, backend: Name },
  'which backend, where',
);

/** `{weight}` or `{reset: true}`; which of the two is the handler's to check. */
export const WeightBody = object(
  {
    weight: Type.Optional(
      Type.Integer({ description: 'weight to set', minimum: 0, maximum: weightMax, examples: [50] }),
    ),
    reset: Type.Optional(Type.Boolean({ description: "true: the file's weight again" })),
    flush: Type.Optional(
      Type.Boolean({ description: 'true: cut its flows now; otherwise they drain', default: false }),
    ),
    reason: Reason,
  },
  'the weight to set',
);

export type VppInfoJson = Json<typeof VppInfoShape>;
export type LbStateJson = Json<typeof LbStateShape>;
export type LbCountersJson = Json<typeof LbCountersShape>;
export type LbSyncJson = Json<typeof LbSyncShape>;

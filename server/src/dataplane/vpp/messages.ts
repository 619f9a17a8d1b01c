// Every message that maglevd speaks, with the CRC of its layout. Names, order and widths: VPP's .api files
// (lb, memclnt, vlib, vpe, ip), as of v26.10-rc0; the CRCs come from its .api.json and are never computed.
import {
  address,
  bool,
  fixedText,
  i32,
  message,
  messageTable,
  prefix,
  raw,
  text,
  u8,
  u16,
  u32,
} from './codec.ts';

// --- the connection: ids 15 and 16 are fixed, every other id comes from the table of the second
export const socketCreateId = 15;
export const socketCreateReplyId = 16;
export const socketCreate = message('sockclnt_create', '455fb9c4', 'reply', { name: fixedText(64) });
/** `response` 0 = welcome; `index` is the client index of every later request. */
export const socketCreateReply = message('sockclnt_create_reply', '35166268', 'request', {
  response: i32,
  index: u32,
  table: messageTable,
});
export const controlPing = message('control_ping', '51077d14', 'request', {});
export const controlPingReply = message('control_ping_reply', 'f6b0b8ca', 'reply', {
  retval: i32,
  clientIndex: u32,
  vpePid: u32,
});

// --- what and who
export const showVersion = message('show_version', '51077d14', 'request', {});
export const showVersionReply = message('show_version_reply', 'c919bde1', 'reply', {
  retval: i32,
  program: fixedText(32),
  version: fixedText(32),
  buildDate: fixedText(32),
  buildDirectory: fixedText(256),
});
export const cliInband = message('cli_inband', 'f8377302', 'request', { command: text });
export const cliInbandReply = message('cli_inband_reply', '05879051', 'reply', { retval: i32, reply: text });
/** `exact` 1: this very prefix, not the one that covers it. */
export const ipRouteLookup = message('ip_route_lookup', '710d6471', 'request', {
  tableId: u32,
  exact: u8,
  prefix,
});
/** What follows, the paths, is not read. `statsIndex` is the index in `/net/route/to`. */
export const ipRouteLookupReply = message('ip_route_lookup_reply', '5d8febcb', 'reply', {
  retval: i32,
  tableId: u32,
  statsIndex: u32,
});

// --- lb
export const lbConf = message('lb_conf', '56cd3261', 'request', {
  ipv4SrcAddress: raw(4),
  ipv6SrcAddress: raw(16),
  stickyBucketsPerCore: u32,
  flowTimeout: u32,
});
export const lbConfGet = message('lb_conf_get', '51077d14', 'request', {});
export const lbConfGetReply = message('lb_conf_get_reply', '923427ac', 'reply', {
  retval: i32,
  ipv4SrcAddress: raw(4),
  ipv6SrcAddress: raw(16),
  stickyBucketsPerCore: u32,
  flowTimeout: u32,
});
const vip = { prefix, protocol: u8, port: u16 };
export const lbAddDelVipV2 = message('lb_add_del_vip_v2', '7c520e0f', 'request', {
  ...vip,
  encap: u32,
  dscp: u8,
  type: u32,
  targetPort: u16,
  nodePort: u16,
  newFlowsTableLength: u32,
  srcIpSticky: bool,
  isDel: bool,
});
export const lbAddDelAsV2 = message('lb_add_del_as_v2', '2f1d3b0e', 'request', {
  ...vip,
  asAddress: address,
  weight: u8,
  isDel: bool,
  isFlush: bool,
});
export const lbAsSetWeight = message('lb_as_set_weight', '2d89bdbd', 'request', {
  ...vip,
  asAddress: address,
  weight: u8,
  isFlush: bool,
});
export const lbFlushVip = message('lb_flush_vip', '1063f819', 'request', vip);
export const lbVipDump = message('lb_vip_dump', '56110cb7', 'request', {
  prefix,
  matcherLe: u8,
  matcherGe: u8,
  protocol: u8,
  port: u16,
});
export const lbVipDetails = message('lb_vip_details', '1329ec9b', 'reply', {
  ...vip,
  encap: u32,
  dscp: u8,
  srvType: u32,
  targetPort: u16,
  flowTableLength: u16,
});
export const lbAsV2Dump = message('lb_as_v2_dump', '1063f819', 'request', vip);
export const lbAsV2Details = message('lb_as_v2_details', '90064aae', 'reply', {
  ...vip,
  asAddress: address,
  flags: u8,
  inUseSince: u32,
  weight: u8,
  numBuckets: u32,
});

/** Every reply that carries nothing but its return value has this CRC. */
const autoreply = (name: string) => message(`${name}_reply`, 'e8d4e804', 'reply', { retval: i32 });
export const lbConfReply = autoreply('lb_conf');
export const lbAddDelVipV2Reply = autoreply('lb_add_del_vip_v2');
export const lbAddDelAsV2Reply = autoreply('lb_add_del_as_v2');
export const lbAsSetWeightReply = autoreply('lb_as_set_weight');
export const lbFlushVipReply = autoreply('lb_flush_vip');

/** Values of the `encap` field. */
export const encapNumbers = { gre4: 0, gre6: 1, l3dsr: 2, nat4: 3, nat6: 4 } as const;

/** All that a VPP must have, or it is not programmed: without lb_conf_get others mean something else. */
export const neededMessages = [
  controlPing,
  controlPingReply,
  showVersion,
  showVersionReply,
  cliInband,
  cliInbandReply,
  ipRouteLookup,
  ipRouteLookupReply,
  lbConf,
  lbConfReply,
  lbConfGet,
  lbConfGetReply,
  lbAddDelVipV2,
  lbAddDelVipV2Reply,
  lbAddDelAsV2,
  lbAddDelAsV2Reply,
  lbAsSetWeight,
  lbAsSetWeightReply,
  lbFlushVip,
  lbFlushVipReply,
  lbVipDump,
  lbVipDetails,
  lbAsV2Dump,
  lbAsV2Details,
] as const;

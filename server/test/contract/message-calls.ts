// Requests of VPP's lb plugin in the words of the cases: one line each, answers as plain values.
import assert from 'node:assert/strict';
import type { WirePrefix } from '../../src/dataplane/vpp/codec.ts';
import type { Connection } from '../../src/dataplane/vpp/connection.ts';
import {
  lbAddDelAsV2,
  lbAddDelAsV2Reply,
  lbAddDelVipV2,
  lbAddDelVipV2Reply,
  lbAsSetWeight,
  lbAsSetWeightReply,
  lbAsV2Details,
  lbAsV2Dump,
  lbVipDetails,
  lbVipDump,
} from '../../src/dataplane/vpp/messages.ts';
import { addressFromBytes } from '../../src/lib/address.ts';
import { asValues, vipValues, wirePrefix } from '../support/simulator.ts';
import { isOurs } from './case.ts';

type VipChange = Partial<ReturnType<typeof vipValues>>;
type AsChange = Partial<ReturnType<typeof asValues>>;

/** Return value of an addition, or of what `change` makes of it. */
export async function putVip(
  connection: Connection,
  prefix: string,
  port: number,
  change: VipChange = {},
): Promise<number> {
  const values = { ...vipValues(prefix, port), newFlowsTableLength: 64, ...change };
  return (await connection.request(lbAddDelVipV2, values, lbAddDelVipV2Reply)).retval;
}

/** Return value of an addition, or of what `change` makes of it. */
export async function putAs(
  connection: Connection,
  prefix: string,
  port: number,
  address: string,
  change: AsChange = {},
): Promise<number> {
  const values = { ...asValues(prefix, port, address), ...change };
  return (await connection.request(lbAddDelAsV2, values, lbAddDelAsV2Reply)).retval;
}

export async function weigh(
  connection: Connection,
  prefix: string,
  port: number,
  address: string,
  weight: number,
): Promise<number> {
  const { isDel, ...values } = { ...asValues(prefix, port, address), weight };
  return (await connection.request(lbAsSetWeight, values, lbAsSetWeightReply)).retval;
}

export const anyPrefix: WirePrefix = { af: 0, bytes: new Uint8Array(16), length: 0 };

export function dumpVips(connection: Connection, filter = { prefix: anyPrefix, protocol: 0, port: 0 }) {
  const values = { matcherLe: 0, matcherGe: 0, ...filter };
  return connection.dump(lbVipDump, values, lbVipDetails);
}

/** Without a filter: all. */
export function dumpAses(connection: Connection, filter = { prefix: anyPrefix, protocol: 0, port: 0 }) {
  return connection.dump(lbAsV2Dump, filter, lbAsV2Details);
}

export function textOf({ af, bytes }: { readonly af: number; readonly bytes: Uint8Array }): string {
  return addressFromBytes(af === 0 ? bytes.subarray(0, 4) : bytes).text;
}

/** The one VIP of this address and port, as VPP lists it. */
export async function vipRow(connection: Connection, address: string, port: number) {
  const rows = await dumpVips(connection);
  const found = rows.filter((row) => textOf(row.prefix) === address && row.port === port);
  assert.equal(found.length, 1, `${address} port ${port} is listed once`);
  return found[0] as (typeof rows)[number];
}

/** Servers of VIPs of this address, lingering ones included. */
export async function asRows(connection: Connection, address: string) {
  return (await dumpAses(connection)).filter((row) => textOf(row.prefix) === address);
}

/** Deletes what a case left, however odd: such that not even the dataplane would look at it. */
export async function cleanMessages(connection: Connection): Promise<void> {
  const ours = ({ prefix }: { readonly prefix: { af: number; bytes: Uint8Array } }) =>
    isOurs({ address: { family: 4, text: textOf(prefix), bytes: prefix.bytes } });
  for (const row of (await dumpAses(connection)).filter((one) => ours(one) && one.flags === 1)) {
    const { prefix, protocol, port, asAddress } = row;
    const values = { prefix, protocol, port, asAddress, weight: 0, isDel: true, isFlush: true };
    const { retval } = await connection.request(lbAddDelAsV2, values, lbAddDelAsV2Reply);
    assert.equal(retval, 0);
  }
  for (const { prefix, protocol, port } of (await dumpVips(connection)).filter(ours)) {
    const values = { ...vipValues('10.77.0.0/32', 1), prefix, protocol, port, isDel: true };
    assert.equal((await connection.request(lbAddDelVipV2, values, lbAddDelVipV2Reply)).retval, 0);
  }
}

export { asValues, vipValues, wirePrefix };

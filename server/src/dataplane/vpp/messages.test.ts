import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MalformedMessage } from './bytes.ts';
import { decode, encode, type Fields, type Message, messageId, type Values } from './codec.ts';
import * as messages from './messages.ts';

const all = Object.values(messages).filter(
  (value): value is Message => typeof value === 'object' && 'prologue' in value,
);

/** Bytes on the wire, the frame's header not counted; of messages with a variable end: with an empty one. */
const sizes: Readonly<Record<string, number>> = {
  sockclnt_create: 70,
  sockclnt_create_reply: 20,
  control_ping: 10,
  control_ping_reply: 18,
  show_version: 10,
  show_version_reply: 362,
  cli_inband: 14,
  cli_inband_reply: 14,
  ip_route_lookup: 33,
  ip_route_lookup_reply: 18,
  lb_conf: 38,
  lb_conf_get: 10,
  lb_conf_get_reply: 38,
  lb_add_del_vip_v2: 50,
  lb_add_del_as_v2: 51,
  lb_as_set_weight: 50,
  lb_flush_vip: 31,
  lb_vip_dump: 33,
  lb_vip_details: 40,
  lb_as_v2_dump: 31,
  lb_as_v2_details: 54,
  lb_conf_reply: 10,
  lb_add_del_vip_v2_reply: 10,
  lb_add_del_as_v2_reply: 10,
  lb_as_set_weight_reply: 10,
  lb_flush_vip_reply: 10,
};

const u8 = fc.nat({ max: 255 });
const u16 = fc.nat({ max: 65535 });
const u32 = fc.nat({ max: 0xffffffff });
const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const word = (lengthMax: number) =>
  fc.string({ maxLength: lengthMax, unit: fc.constantFrom('a', '_', '9', ' ', '~') });
const addressParts = { af: u8, bytes: bytes(16) };
const record = <T>(parts: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(parts, { noNullPrototype: true });
const address = record(addressParts);
const prefix = record({ ...addressParts, length: u8 });
const table = fc.array(record({ id: u16, key: word(63) }), { maxLength: 5 });

const vip = { prefix, protocol: u8, port: u16 };
const conf = {
  ipv4SrcAddress: bytes(4),
  ipv6SrcAddress: bytes(16),
  stickyBucketsPerCore: u32,
  flowTimeout: u32,
};
/** What stands in each message's fields. */
const contents: Readonly<Record<string, Readonly<Record<string, fc.Arbitrary<unknown>>>>> = {
  sockclnt_create: { name: word(63) },
  sockclnt_create_reply: { response: i32, index: u32, table },
  control_ping_reply: { retval: i32, clientIndex: u32, vpePid: u32 },
  show_version_reply: {
    retval: i32,
    program: word(31),
    version: word(31),
    buildDate: word(31),
    buildDirectory: word(255),
  },
  cli_inband: { command: fc.string({ unit: 'grapheme' }) },
  cli_inband_reply: { retval: i32, reply: fc.string({ unit: 'grapheme' }) },
  ip_route_lookup: { tableId: u32, exact: u8, prefix },
  ip_route_lookup_reply: { retval: i32, tableId: u32, statsIndex: u32 },
  lb_conf: conf,
  lb_conf_get_reply: { retval: i32, ...conf },
  lb_add_del_vip_v2: {
    ...vip,
    encap: u32,
    dscp: u8,
    type: u32,
    targetPort: u16,
    nodePort: u16,
    newFlowsTableLength: u32,
    srcIpSticky: fc.boolean(),
    isDel: fc.boolean(),
  },
  lb_add_del_as_v2: { ...vip, asAddress: address, weight: u8, isDel: fc.boolean(), isFlush: fc.boolean() },
  lb_as_set_weight: { ...vip, asAddress: address, weight: u8, isFlush: fc.boolean() },
  lb_flush_vip: vip,
  lb_vip_dump: { prefix, matcherLe: u8, matcherGe: u8, protocol: u8, port: u16 },
  lb_vip_details: {
    ...vip,
    encap: u32,
    dscp: u8,
    srvType: u32,
    targetPort: u16,
    flowTableLength: u16,
  },
  lb_as_v2_dump: vip,
  lb_as_v2_details: { ...vip, asAddress: address, flags: u8, inUseSince: u32, weight: u8, numBuckets: u32 },
};

function drawn(of: Message): fc.Arbitrary<Record<string, unknown>> {
  const isEmpty = of.entries.length === 0;
  const isRetval = of.entries.length === 1 && of.entries[0]?.[0] === 'retval';
  return record(contents[of.name] ?? (isEmpty ? {} : isRetval ? { retval: i32 } : {}));
}

for (const of of all) {
  test(`${of.key}: what is encoded is decoded, in its size, and cut short it is malformed`, () => {
    fc.assert(
      fc.property(drawn(of), u16, u32, u32, fc.nat(), (values, id, index, context, cut) => {
        const clientIndex = of.prologue === 'request' ? index : 0;
        const encoded = encode(of, { id, clientIndex, context }, values as Values<Fields>);
        assert.deepEqual(decode(of, encoded), { id, clientIndex, context, values });
        assert.equal(messageId(encoded), id);
        const size = encoded.length - extraBytes(values);
        assert.equal(size, sizes[of.name]);
        assert.deepEqual(decode(of, Buffer.concat([encoded, Buffer.from([1, 2])])).values, values);
        const short = encoded.subarray(0, cut % encoded.length);
        assert.throws(() => decode(of, short), MalformedMessage);
      }),
      { numRuns: 50 },
    );
  });
}

/** Of the one field that has no fixed length. */
function extraBytes({ command, reply, table: rows }: Record<string, unknown>): number {
  if (Array.isArray(rows)) return 66 * rows.length;
  const text = command ?? reply;
  return typeof text === 'string' ? Buffer.byteLength(text) : 0;
}

test('every message is named, sized and looked for, but the two that open a connection', () => {
  assert.deepEqual(all.map(({ name }) => name).toSorted(), Object.keys(sizes).toSorted());
  const needed = new Set<string>(messages.neededMessages.map(({ name }) => name));
  assert.deepEqual(
    all.filter(({ name }) => !needed.has(name)).map(({ name }) => name),
    ['sockclnt_create', 'sockclnt_create_reply'],
  );
  for (const { crc } of all) assert.match(crc, /^[0-9a-f]{8}$/);
});

test('the first message of a connection, as VPP was seen to take it', () => {
  const head = { id: messages.socketCreateId, clientIndex: 0, context: 7 };
  const hello = encode(messages.socketCreate, head, { name: 'lbctl' });
  assert.equal(hello.toString('hex'), `000f000000076c6263746c${'00'.repeat(59)}`);
});

test('a text ends at its first NUL, and what has no room for one is our own mistake', () => {
  const reply = messages.showVersionReply;
  const values = { retval: 0, program: 'vpe', version: 'x', buildDate: '', buildDirectory: '' };
  const encoded = encode(reply, { id: 1, clientIndex: 0, context: 1 }, values);
  encoded.fill(0x41, 14, 42);
  assert.equal(decode(reply, encoded).values.program, `vpe\0${'A'.repeat(28)}`.split('\0')[0]);
  encoded.fill(0x41, 10, 42);
  assert.equal(decode(reply, encoded).values.program, 'A'.repeat(32));
  const tooLong = { ...values, version: 'x'.repeat(32) };
  assert.throws(() => encode(reply, { id: 1, clientIndex: 0, context: 1 }, tooLong), /assertion failed/);
});

test('a table of messages that says more rows than there are is malformed', () => {
  const reply = messages.socketCreateReply;
  const rows = [{ id: 3, key: 'control_ping_51077d14' }];
  const encoded = encode(
    reply,
    { id: 16, clientIndex: 9, context: 1 },
    { response: 0, index: 9, table: rows },
  );
  encoded.writeUInt16BE(65535, 18);
  assert.throws(() => decode(reply, encoded), MalformedMessage);
  assert.equal(messageId(Buffer.alloc(1)), -1);
});

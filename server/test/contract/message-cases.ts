// The contract at the level of messages, for whoever has sockets: every message, silence, routes, statistics.
import assert from 'node:assert/strict';
import { encode } from '../../src/dataplane/vpp/codec.ts';
import {
  cliInband,
  cliInbandReply,
  controlPing,
  controlPingReply,
  ipRouteLookup,
  ipRouteLookupReply,
  lbAddDelVipV2,
  lbAddDelVipV2Reply,
  lbConf,
  lbConfGet,
  lbConfGetReply,
  lbConfReply,
  lbFlushVip,
  lbFlushVipReply,
  neededMessages,
  showVersion,
  showVersionReply,
} from '../../src/dataplane/vpp/messages.ts';
import type { MessageCase, MessageTarget } from './case.ts';
import { asRows, dumpVips, putAs, putVip, vipRow, vipValues, weigh, wirePrefix } from './message-calls.ts';

const connectionCases: MessageCase[] = [
  {
    name: 'every message that is needed is in the table',
    async run({ connection }) {
      assert.deepEqual(connection.table().missing(neededMessages), []);
    },
  },
  {
    name: 'a ping tells the process, and always the same',
    async run({ connection }) {
      const first = await connection.request(controlPing, {}, controlPingReply);
      const second = await connection.request(controlPing, {}, controlPingReply);
      assert.equal(first.retval, 0);
      assert.ok(first.vpePid > 1);
      assert.deepEqual(second, first);
    },
  },
  {
    name: 'the version is told in four texts',
    async run({ connection }) {
      const reply = await connection.request(showVersion, {}, showVersionReply);
      assert.equal(reply.retval, 0);
      for (const text of [reply.version, reply.buildDate, reply.buildDirectory]) assert.notEqual(text, '');
      assert.equal(reply.program, 'vpe');
    },
  },
  {
    name: 'a CLI command is answered in text, an unknown one with -1',
    async run({ connection }) {
      const shown = await connection.request(cliInband, { command: 'show version' }, cliInbandReply);
      assert.equal(shown.retval, 0);
      assert.match(shown.reply, /^vpp v/);
      const unknown = await connection.request(cliInband, { command: 'frobnicate' }, cliInbandReply);
      assert.equal(unknown.retval, -1);
      assert.match(unknown.reply, /unknown/);
    },
  },
];

const encodeAdd = ({ raw }: MessageTarget, clientIndex = raw.clientIndex) =>
  encode(
    lbAddDelVipV2,
    { id: raw.idOf(lbAddDelVipV2), clientIndex, context: 99 },
    { ...vipValues('10.77.9.1/32', 80), newFlowsTableLength: 64 },
  );
const isThere = async ({ connection }: MessageTarget) =>
  (await dumpVips(connection)).some(({ prefix }) => prefix.bytes.join('.').startsWith('10.77.9.1.'));

const silenceCases: MessageCase[] = [
  {
    name: 'a message of an unknown id is not answered',
    async run({ raw }) {
      raw.write(encode(controlPing, { id: 64_000, clientIndex: raw.clientIndex, context: 98 }, {}));
      assert.equal((await raw.ping()).retval, 0, 'the next answer is that to the next request');
    },
  },
  {
    name: 'a message that is cut short is neither done nor answered',
    async run(target) {
      const whole = encodeAdd(target);
      for (const length of [whole.length - 1, 20, 10]) {
        target.raw.write(whole.subarray(0, length));
        assert.equal((await target.raw.ping()).retval, 0);
      }
      assert.equal(await isThere(target), false);
    },
  },
  {
    name: 'bytes behind a message are ignored',
    async run(target) {
      const { raw } = target;
      raw.write(Buffer.concat([encodeAdd(target), Buffer.alloc(7, 0xff)]));
      assert.equal((await raw.receive(lbAddDelVipV2Reply, 99)).retval, 0);
      assert.equal(await isThere(target), true);
    },
  },
  {
    name: 'a request of a client that does not exist is done and not answered (K24)',
    async run(target) {
      target.raw.write(encodeAdd(target, 0));
      assert.equal((await target.raw.ping()).retval, 0);
      assert.equal(await isThere(target), true);
    },
  },
];

const confCases: MessageCase[] = [
  {
    name: 'lb_conf: all ones keep a number, addresses are always set, no power of two is -70',
    async run({ connection }) {
      const { retval, ...before } = await connection.request(lbConfGet, {}, lbConfGetReply);
      assert.equal(retval, 0);
      const put = async (change: Partial<typeof before>) =>
        (await connection.request(lbConf, { ...before, ...change }, lbConfReply)).retval;
      const read = async () => (await connection.request(lbConfGet, {}, lbConfGetReply)) ?? before;
      try {
        const ipv4SrcAddress = Uint8Array.of(10, 77, 0, 9);
        assert.equal(await put({ stickyBucketsPerCore: 1000, ipv4SrcAddress }), -70);
        assert.deepEqual(Buffer.compare((await read()).ipv4SrcAddress, before.ipv4SrcAddress), 0);
        const keep = 0xffffffff;
        assert.equal(await put({ ipv4SrcAddress, stickyBucketsPerCore: keep, flowTimeout: keep }), 0);
        const after = await read();
        assert.deepEqual(Buffer.compare(after.ipv4SrcAddress, ipv4SrcAddress), 0);
        assert.equal(after.stickyBucketsPerCore, before.stickyBucketsPerCore);
        assert.equal(after.flowTimeout, before.flowTimeout);
      } finally {
        assert.equal(await put({}), 0);
      }
    },
  },
];

const routeCases: MessageCase[] = [
  {
    name: 'a VIP has a route of its own with counters, which goes with it; other prefixes have none',
    async run({ connection, stats }) {
      const lookup = (text: string, tableId = 0, exact = 1) =>
        connection.request(ipRouteLookup, { tableId, exact, prefix: wirePrefix(text) }, ipRouteLookupReply);
      for (const text of ['10.77.10.1/32', '2001:db8:77:10::1/128']) {
        assert.equal((await lookup(text)).retval, -6);
        assert.equal((await lookup(text, 0, 0)).retval, 0, 'there is a default route');
        assert.equal(await putVip(connection, text, 80), 0);
        const found = await lookup(text);
        assert.deepEqual([found.retval, found.tableId], [0, 0]);
        const counts = stats.readCombinedCounter('/net/route/to');
        assert.ok(counts.ok);
        assert.deepEqual(counts.value[found.statsIndex], { packets: 0n, bytes: 0n });
        assert.equal(await putVip(connection, text, 80, { isDel: true }), 0);
        assert.equal((await lookup(text)).retval, -6);
      }
      assert.equal((await lookup('10.77.10.1/32', 7777)).retval, -3, 'there is no such table');
    },
  },
  {
    name: 'the four counters have a place for the VIP at its index, and the start of VPP is told',
    async run({ connection, stats }) {
      const boot = stats.readScalar('/sys/boottime');
      assert.ok(boot.ok && boot.value > 1_600_000_000n);
      assert.equal(await putVip(connection, '10.77.10.2/32', 80), 0);
      const shown = await connection.request(cliInband, { command: 'show lb vips verbose' }, cliInbandReply);
      const index = Number(/\[(\d+)\] 10\.77\.10\.2\/32/.exec(shown.reply)?.[1]);
      assert.ok(index > 0, shown.reply);
      const names = [
        'packet from existing sessions',
        'first session packet',
        'untracked packet',
        'no server configured',
      ];
      for (const name of names) {
        const counts = stats.readSimpleCounter(name);
        assert.ok(counts.ok, name);
        assert.equal(counts.value[index], 0n, `${name} of VIP ${index}`);
      }
      assert.equal(stats.readSimpleCounter('no such counter').ok, false);
    },
  },
];

const flushCases: MessageCase[] = [
  {
    name: 'lb_flush_vip of a VIP that is there is 0, and changes nothing that is listed',
    async run({ connection, isReal }) {
      const [prefix, key] = ['10.77.10.3/32', { prefix: wirePrefix('10.77.10.3/32'), protocol: 6, port: 80 }];
      const flush = async (port = 80) =>
        (await connection.request(lbFlushVip, { ...key, port }, lbFlushVipReply)).retval;
      assert.equal(await putVip(connection, prefix, 80), 0);
      assert.equal(await putAs(connection, prefix, 80, '10.0.0.1'), 0);
      assert.equal(await flush(), 0);
      assert.equal((await asRows(connection, '10.77.10.3')).length, 1);
      // K5: a real one would flush whatever index its memory holds.
      if (!isReal) assert.equal(await flush(81), 0);
    },
  },
  {
    name: 'weights of 101 to 255 are taken as they come (K23)',
    async run({ connection }) {
      const prefix = '10.77.10.4/32';
      assert.equal(await putVip(connection, prefix, 80), 0);
      assert.equal(await putAs(connection, prefix, 80, '10.0.0.1', { weight: 200 }), 0);
      assert.equal(await putAs(connection, prefix, 80, '10.0.0.2', { weight: 255 }), 0);
      assert.equal(await weigh(connection, prefix, 80, '10.0.0.1', 101), 0);
      const rows = await asRows(connection, '10.77.10.4');
      assert.deepEqual(rows.map(({ weight }) => weight).sort(), [101, 255]);
      assert.equal(
        rows.reduce((sum, { numBuckets }) => sum + numBuckets, 0),
        64,
      );
      assert.equal((await vipRow(connection, '10.77.10.4', 80)).flowTableLength, 64);
    },
  },
];

export const messageCases: readonly MessageCase[] = [
  ...connectionCases,
  ...silenceCases,
  ...confCases,
  ...routeCases,
  ...flushCases,
];

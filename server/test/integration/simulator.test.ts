// The simulator's socket, spoken to in bytes.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { encode } from '../../src/dataplane/vpp/codec.ts';
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
  lbAsV2Details,
  lbAsV2Dump,
  lbConf,
  lbConfGet,
  lbConfGetReply,
  lbVipDetails,
  lbVipDump,
  neededMessages,
  showVersion,
  showVersionReply,
} from '../../src/dataplane/vpp/messages.ts';
import { loadNative } from '../../src/native.ts';
import { asValues, connectRaw, simulatorFor, until, vipValues, wirePrefix } from '../support/simulator.ts';

const anyVip = { prefix: wirePrefix('0.0.0.0/0'), protocol: 0, port: 0 };
const dumpAll = { ...anyVip, matcherLe: 0, matcherGe: 0 };

test('handshake: a client index with bit 31, and every message that is needed', async (t) => {
  const { simulator } = await simulatorFor(t);
  const first = await connectRaw(t, simulator.apiPath);
  const second = await connectRaw(t, simulator.apiPath);
  assert.deepEqual([first.clientIndex, second.clientIndex], [0x80000001, 0x80000002]);
  for (const { key } of neededMessages) assert.ok(first.keys().includes(key), key);
  const { version } = await first.call(showVersion, showVersionReply, {});
  assert.equal(version, '26.10-sim');
  assert.equal((await first.ping()).vpePid, simulator.vpePid());
});

test('VIPs and servers: added, dumped, shown, with a route', async (t) => {
  const { simulator } = await simulatorFor(t);
  const client = await connectRaw(t, simulator.apiPath);
  const vip = vipValues('127.0.0.80/32', 80);
  assert.equal((await client.call(lbAddDelVipV2, lbAddDelVipV2Reply, vip)).retval, 0);
  assert.equal((await client.call(lbAddDelVipV2, lbAddDelVipV2Reply, vip)).retval, -81);
  const as = asValues('127.0.0.80/32', 80, '127.0.0.11');
  assert.equal((await client.call(lbAddDelAsV2, lbAddDelAsV2Reply, as)).retval, 0);
  const [row, ...others] = await client.dump(lbVipDump, lbVipDetails, dumpAll);
  assert.deepEqual(
    [others.length, row?.prefix.bytes.join('.'), row?.flowTableLength],
    [0, vip.prefix.bytes.join('.'), 1024],
  );
  const [server] = await client.dump(lbAsV2Dump, lbAsV2Details, anyVip);
  assert.deepEqual([server?.weight, server?.numBuckets, server?.flags], [100, 1024, 1]);
  const { reply } = await client.call(cliInband, cliInbandReply, { command: 'show lb vips verbose' });
  assert.match(reply, /^ ip4-gre4 \[1\] 127\.0\.0\.80\/32\n/);
  const unknown = await client.call(cliInband, cliInbandReply, { command: 'frobnicate' });
  assert.deepEqual([unknown.retval, /unknown/.test(unknown.reply)], [-1, true]);
  const lookUp = { tableId: 0, exact: 1, prefix: vip.prefix };
  const route = await client.call(ipRouteLookup, ipRouteLookupReply, lookUp);
  assert.deepEqual([route.retval, route.statsIndex], [0, 2]);
  assert.deepEqual(
    simulator.mutations.map(({ summary, retval }) => [summary, retval]),
    [
      ['add 127.0.0.80/32 6/80', 0],
      ['add 127.0.0.80/32 6/80', -81],
      ['add 127.0.0.11 of 127.0.0.80/32 6/80 weight 100', 0],
    ],
  );
});

test('silence: unknown ids, truncated messages, foreign client indexes', async (t) => {
  const { simulator } = await simulatorFor(t);
  const client = await connectRaw(t, simulator.apiPath);
  client.write(Buffer.from([0xff, 0xf0, 0, 0, 0, 0, 0, 0, 0, 1]));
  const head = { id: client.idOf(lbAddDelVipV2), clientIndex: client.clientIndex, context: 1 };
  const vip = encode(lbAddDelVipV2, head, vipValues('127.0.0.80/32', 80));
  client.write(vip.subarray(0, -1));
  client.write(encode(controlPing, { ...head, id: client.idOf(controlPing), clientIndex: 1 }, {}));
  await client.ping();
  assert.deepEqual([simulator.dropped.length, simulator.mutations.length], [3, 0]);
  client.write(Buffer.concat([vip, Buffer.alloc(3)]));
  assert.equal((await client.receive(lbAddDelVipV2Reply, 1)).retval, 0, 'what follows is ignored');
});

test('what kills VPP drops all, and it comes back empty as another process', async (t) => {
  const { simulator } = await simulatorFor(t);
  const client = await connectRaw(t, simulator.apiPath);
  const bystander = await connectRaw(t, simulator.apiPath);
  await client.call(lbAddDelVipV2, lbAddDelVipV2Reply, vipValues('127.0.0.80/32', 80));
  const pid = simulator.vpePid();
  const id = client.idOf(lbConf);
  client.send(lbAddDelVipV2, { ...vipValues('127.0.0.81/32', 80), newFlowsTableLength: 0 });
  await Promise.all([client.closed, bystander.closed]);
  await simulator.resume();
  const again = await connectRaw(t, simulator.apiPath);
  assert.deepEqual(await again.dump(lbVipDump, lbVipDetails, dumpAll), []);
  assert.notEqual((await again.ping()).vpePid, pid);
  assert.notEqual(again.idOf(lbConf), id);
  const conf = await again.call(lbConfGet, lbConfGetReply, {});
  again.send(lbConf, { ...conf, stickyBucketsPerCore: 0 });
  await again.closed;
  assert.equal(simulator.crashes.length, 2);
  assert.equal(simulator.mutations.at(-1)?.retval, undefined);
});

test('faults: refusals, a table of another VPP, half a frame, resets', async (t) => {
  const { simulator } = await simulatorFor(t);
  const { faults } = simulator;
  const client = await connectRaw(t, simulator.apiPath);
  const vip = vipValues('127.0.0.80/32', 80);
  faults.refuse('lb_add_del_vip_v2', -103, 2);
  for (const retval of [-103, -103, 0]) {
    assert.equal((await client.call(lbAddDelVipV2, lbAddDelVipV2Reply, vip)).retval, retval);
  }
  faults.missing.add('lb_conf_get');
  faults.wrongCrcs.add('lb_vip_dump');
  const other = await connectRaw(t, simulator.apiPath);
  assert.deepEqual([other.idOf(lbConfGet), other.idOf(lbVipDump)], [0, 0]);
  assert.ok(other.keys().includes('lb_vip_dump_00000bad'));
  faults.cutNextReply = true;
  other.send(controlPing, {});
  await other.closed;
  assert.equal(other.pendingBytes, 17, 'half of 16 + 18 bytes');
  simulator.resetConnections();
  await client.closed;
  assert.equal(simulator.model.vips().length, 1, 'VPP itself goes on');
});

test('faults: silence, and replies that wait keep their order', async (t) => {
  const { simulator } = await simulatorFor(t);
  const { faults } = simulator;
  const client = await connectRaw(t, simulator.apiPath);
  faults.silent = true;
  client.send(lbAddDelVipV2, vipValues('127.0.0.80/32', 80));
  await until(() => simulator.dropped.length === 1);
  faults.silent = false;
  assert.equal(simulator.model.vips().length, 0, 'nothing was executed');
  faults.delayMs = 30;
  const startMs = performance.now();
  const first = client.send(controlPing, {});
  const refused = client.send(lbAddDelVipV2, { ...vipValues('127.0.0.80/32', 80), isDel: true });
  await until(() => simulator.mutations.length === 1);
  faults.delayMs = 0;
  const second = client.send(controlPing, {});
  await client.receive(controlPingReply, first);
  assert.equal((await client.receive(lbAddDelVipV2Reply, refused)).retval, -6);
  await client.receive(controlPingReply, second);
  assert.ok(performance.now() - startMs >= 29, 'it waited');
});

test('stop leaves nothing', async (t) => {
  const { simulator, directory } = await simulatorFor(t, { native: loadNative() });
  const client = await connectRaw(t, simulator.apiPath);
  assert.deepEqual((await readdir(directory)).sort(), ['api.sock', 'stats.sock']);
  await simulator.stop();
  await client.closed;
  assert.deepEqual(await readdir(directory), []);
  assert.equal(simulator.connectionCount(), 0);
});

test('the stats segment: counters appear with the first VIP, and a new layout is a new epoch', async (t) => {
  const native = loadNative();
  const { simulator, directory } = await simulatorFor(t, { native });
  const mapping = await native.openStats({ path: join(directory, 'stats.sock'), timeoutMs: 2000 });
  t.after(() => mapping.close());
  const names = () => {
    const { base, directory: pointer } = mapping.header();
    const start = Number(pointer - base);
    const count = mapping.read(start - 8, 4).readUInt32LE();
    return Array.from({ length: count }, (_, index) => {
      const name = mapping.read(start + 144 * index + 16, 128).toString('latin1');
      return name.slice(0, name.indexOf('\0'));
    });
  };
  assert.equal(mapping.header().version, 2n);
  const { epoch } = mapping.header();
  assert.ok(names().includes('/net/route/to') && !names().includes('first session packet'));
  simulator.refreshStats();
  assert.equal(mapping.header().epoch, epoch, 'numbers change in place');
  simulator.model.addDelVip(vipValues('127.0.0.80/32', 80), 0);
  simulator.refreshStats();
  assert.deepEqual([mapping.header().epoch, mapping.header().inProgress], [epoch + 1n, 0n]);
  assert.ok(names().includes('first session packet'));
});

// The forwarder with real connections on loopback.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Forwarder, startForwarder } from '../../src/dataplane/simulator/forwarder.ts';
import { LbModel } from '../../src/dataplane/simulator/lb-model.ts';
import { realClock } from '../../src/lib/clock.ts';
import { asValues, until, vipValues } from '../support/simulator.ts';

const vipAddress = '127.0.0.80';
const addresses = ['127.0.0.11', '127.0.0.12'] as const;

/** A server that says its address to whoever connects, and then says everything again that it hears. */
async function startEcho(t: TestContext, address: string, sockets: Set<Socket>): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    t.after(() => socket.destroy());
    socket.on('error', (error) => assert.match(String(error), /ECONNRESET|EPIPE/));
    socket.write(`${address}\n`);
    socket.pipe(socket);
  });
  t.after(() => server.close());
  return listen(server, address);
}

async function listen(server: Server, address: string): Promise<number> {
  server.listen(0, address);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function freePort(address: string): Promise<number> {
  const server = createServer();
  const port = await listen(server, address);
  server.close();
  await once(server, 'close');
  return port;
}

interface World {
  readonly model: LbModel;
  readonly forwarder: Forwarder;
  readonly port: number;
  readonly change: (address: string, change: { weight?: number; isDel?: boolean; isFlush?: boolean }) => void;
  /** The servers have said all they have to say. */
  readonly closeServerSide: () => void;
  readonly weigh: (address: string, weight: number, isFlush?: boolean) => void;
}

async function startWorld(t: TestContext): Promise<World> {
  const ports = new Map<string, number>();
  const sockets = new Set<Socket>();
  for (const address of addresses) ports.set(address, await startEcho(t, address, sockets));
  const model = new LbModel(realClock.nowMs());
  const port = await freePort(vipAddress);
  const backendPort = (address: string) => ports.get(address) ?? 0;
  const forwarder = startForwarder({ model, clock: realClock, backendPort });
  t.after(() => forwarder.stop());
  const vip = `${vipAddress}/32`;
  model.addDelVip(vipValues(vip, port), realClock.nowMs());
  await forwarder.settled();
  return {
    model,
    forwarder,
    port,
    change(address, change) {
      const retval = model.addDelAs({ ...asValues(vip, port, address), ...change }, realClock.nowMs());
      assert.equal(retval, 0);
    },
    closeServerSide() {
      for (const socket of sockets) socket.end();
    },
    weigh(address, weight, isFlush = false) {
      assert.equal(model.setAsWeight({ ...asValues(vip, port, address), weight, isFlush }), 0);
    },
  };
}

interface Opened {
  readonly socket: Socket;
  /** Who answered; undefined: it was reset. */
  readonly who: string | undefined;
  readonly closed: Promise<unknown>;
}

async function open(t: TestContext, port: number): Promise<Opened> {
  const socket = connect(port, vipAddress);
  t.after(() => socket.destroy());
  socket.on('error', (error) => assert.match(String(error), /ECONNRESET|EPIPE/));
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  const who = await new Promise<string | undefined>((resolve) => {
    socket.once('data', (data) => resolve(String(data).trim()));
    void closed.then(() => resolve(undefined));
  });
  return { socket, who, closed };
}

async function echo(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [data] = await once(socket, 'data');
  return String(data);
}

const shares = async (t: TestContext, { port }: World, count: number) => {
  const whos = await Promise.all(Array.from({ length: count }, async () => (await open(t, port)).who));
  return addresses.map((address) => whos.filter((who) => who === address).length);
};

test('connections are spread as the buckets are', async (t) => {
  const world = await startWorld(t);
  world.change(addresses[0], { weight: 75 });
  world.change(addresses[1], { weight: 25 });
  const [first = 0, second = 0] = await shares(t, world, 200);
  assert.equal(first + second, 200);
  assert.ok(first > 120 && first < 180, `${first} of 200 went to the one with three quarters of the buckets`);
  assert.equal(world.model.counters()[1]?.first, 200);
});

test('without a server a connection is reset, and counted', async (t) => {
  const world = await startWorld(t);
  assert.equal((await open(t, world.port)).who, undefined);
  assert.equal(world.model.counters()[1]?.noServer, 1);
});

test('weight 0 drains: what is open stays, what is new goes elsewhere', async (t) => {
  const world = await startWorld(t);
  world.change(addresses[0], {});
  const { socket, who } = await open(t, world.port);
  assert.equal(who, addresses[0]);
  world.change(addresses[1], {});
  world.weigh(addresses[0], 0);
  assert.deepEqual(await shares(t, world, 10), [0, 10]);
  assert.equal(await echo(socket, 'still there'), 'still there');
  assert.equal(world.model.counters()[1]?.next, 1);
});

test('a flush cuts the connections of its server, and no others', async (t) => {
  const world = await startWorld(t);
  world.change(addresses[0], {});
  const cut = await open(t, world.port);
  world.change(addresses[1], {});
  world.weigh(addresses[0], 0);
  const kept = await open(t, world.port);
  world.weigh(addresses[0], 0, true);
  await cut.closed;
  assert.equal(await echo(kept.socket, 'x'), 'x');
  world.change(addresses[1], { isDel: true });
  assert.equal(await echo(kept.socket, 'y'), 'y', 'deleted without a flush');
  world.change(addresses[1], { isDel: true, isFlush: true });
  await kept.closed;
  assert.equal(world.forwarder.connectionCount(), 0);
});

test('half a connection may be over before the other', async (t) => {
  const world = await startWorld(t);
  world.change(addresses[0], {});
  const { socket, closed } = await open(t, world.port);
  socket.end('last words');
  const [data] = await once(socket, 'data');
  assert.equal(String(data), 'last words');
  await closed;
  await until(() => world.forwarder.connectionCount() === 0);
});

test('cut after its server said the end, a connection is gone all the same', async (t) => {
  const world = await startWorld(t);
  world.change(addresses[0], {});
  const client = connect({ port: world.port, host: vipAddress, allowHalfOpen: true });
  t.after(() => client.destroy());
  const socketCount = () =>
    process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
  await once(client, 'data');
  world.closeServerSide();
  client.resume();
  await once(client, 'end');
  assert.equal(world.forwarder.connectionCount(), 1);
  world.weigh(addresses[0], 0, true);
  await until(() => socketCount() === 1);
});

test('listeners come and go with VIPs; a restart of VPP ends everything', async (t) => {
  const { model, forwarder, port, change } = await startWorld(t);
  const addVip = (prefix: string, vipPort: number) => model.addDelVip(vipValues(prefix, vipPort), 0);
  const other = await freePort('127.0.0.81');
  addVip('127.0.0.81/32', other);
  addVip('127.0.0.82/32', 0);
  addVip('198.51.100.1/32', 80);
  await forwarder.settled();
  assert.deepEqual(forwarder.listening(), [`${vipAddress}:${port}`, `127.0.0.81:${other}`]);
  change(addresses[0], {});
  const { closed } = await open(t, port);
  model.addDelVip({ ...vipValues(`${vipAddress}/32`, port), isDel: true }, 0);
  await closed;
  assert.deepEqual(forwarder.listening(), [`127.0.0.81:${other}`]);
  addVip(`${vipAddress}/32`, port);
  await forwarder.settled();
  assert.equal((await open(t, port)).who, undefined, 'listened for again, without a server');
  model.restart(realClock.nowMs());
  await forwarder.settled();
  assert.deepEqual(forwarder.listening(), []);
});

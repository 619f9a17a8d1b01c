// openSocket in real namespaces: whom it reaches, where the threads are afterwards, what refusals say.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { OpenSocketOptions } from '../../src/native.ts';
import { loadTestNative, openDescriptors, threadNamespaces } from '../support/addon.ts';
import { createNetns, type Netns, netnsSkip } from '../support/netns.ts';

const serverPath = fileURLToPath(new URL('../support/netns-server.ts', import.meta.url));
const skip = netnsSkip();
const native = loadTestNative();
const stream = { type: 'stream', protocol: 0 } as const;

/** What the server says to one connection: the address it sees. */
async function ask(options: OpenSocketOptions, address: string, port: number): Promise<string> {
  const socket = new Socket({ fd: native.openSocket(options) });
  socket.connect(port, address);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await once(socket, 'close');
  return text;
}

function flagsOf(fd: number): number {
  const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
  return Number.parseInt(flags ?? '', 8);
}

let netns: Netns;
let ports: number[];
before(async () => {
  if (skip) return;
  netns = createNetns();
  netns.exec('ip', 'address', 'add', '10.81.0.1/32', 'dev', 'lo');
  netns.exec('ip', 'address', 'add', 'fd81::1/128', 'dev', 'lo', 'nodad');
  const server = netns.spawn(process.execPath, serverPath, '127.0.0.1', '::1', '127.0.0.1');
  assert.ok(server.stdout);
  ports = [];
  for await (const line of createInterface({ input: server.stdout })) {
    ports.push(Number(line));
    if (ports.length === 3) break;
  }
});
after(() => netns?.remove());

for (const [family, address, portIndex, source, seen] of [
  [4, '127.0.0.1', 0, undefined, '127.0.0.1'],
  [4, '127.0.0.1', 0, '127.0.0.9', '127.0.0.9'],
  [4, '127.0.0.1', 0, '10.81.0.1', '10.81.0.1'],
  [6, '::1', 1, undefined, '::1'],
  [6, '::1', 1, 'fd81::1', 'fd81::1'],
] as const) {
  test(`${address} is reached from ${source ?? 'any source'}`, { skip }, async () => {
    const options = { ...stream, family, netnsPath: netns.path, source };
    assert.equal(await ask(options, address, ports[portIndex] as number), seen);
  });
}

test('one source serves more connections than it has ports, as long as targets differ', {
  skip,
}, async (t) => {
  netns.exec('sh', '-c', 'echo "40000 40007" > /proc/sys/net/ipv4/ip_local_port_range');
  t.after(() => netns.exec('sh', '-c', 'echo "32768 60999" > /proc/sys/net/ipv4/ip_local_port_range'));
  const sockets: Socket[] = [];
  for (const port of [ports[0], ports[2]]) {
    for (let count = 0; count < 8; count += 1) {
      const options = { ...stream, family: 4, netnsPath: netns.path, source: '127.0.0.8' } as const;
      const socket = new Socket({ fd: native.openSocket(options), allowHalfOpen: true });
      sockets.push(socket);
      socket.connect(port as number, '127.0.0.1');
      await once(socket, 'connect');
    }
  }
  for (const socket of sockets) socket.destroy();
});

test('an IPv6 socket does not reach IPv4 by a mapped address', { skip }, async () => {
  const socket = new Socket({ fd: native.openSocket({ ...stream, family: 6, netnsPath: netns.path }) });
  socket.connect(ports[0] as number, '::ffff:127.0.0.1');
  const [error] = await once(socket, 'error');
  assert.equal((error as NodeJS.ErrnoException).code, 'ENETUNREACH');
});

test('descriptors are non-blocking and do not outlive exec', { skip }, () => {
  for (const type of ['stream', 'dgram'] as const) {
    for (const family of [4, 6] as const) {
      const fd = native.openSocket({ family, type, protocol: 0, netnsPath: netns.path });
      const flags = flagsOf(fd);
      closeSync(fd);
      assert.equal(flags & 0o2004000, 0o2004000, `flags ${flags.toString(8)}`);
    }
  }
});

test('after 2,000 sockets and as many refusals all threads are where they were', { skip }, () => {
  const [own] = threadNamespaces();
  native.openSocket({ ...stream, family: 4, netnsPath: netns.path });
  const before = openDescriptors();
  const options = { ...stream, family: 4 } as const;
  for (let count = 0; count < 2000; count += 1) {
    closeSync(native.openSocket({ ...options, netnsPath: netns.path }));
    assert.throws(() => native.openSocket({ ...options, netnsPath: netns.path, source: '10.9.9.9' }));
    assert.throws(() => native.openSocket({ ...options, netnsPath: '/run/netns/nobody' }));
  }
  assert.deepEqual([...threadNamespaces()], [own]);
  assert.deepEqual(openDescriptors(), before);
});

test('a refusal says which step failed', { skip }, () => {
  const cases: readonly [Partial<OpenSocketOptions>, string, string, string][] = [
    [{ netnsPath: '/run/netns/nobody' }, 'open', 'ENOENT', 'enter netns "nobody": no such file or directory'],
    [{ netnsPath: '/etc/passwd' }, 'setns', 'EINVAL', 'enter netns "passwd": invalid argument'],
    [{ source: '10.9.9.9' }, 'bind', 'EADDRNOTAVAIL', 'bind source 10.9.9.9: address not available'],
    [{ type: 'dgram', protocol: 6 }, 'socket', 'EPROTONOSUPPORT', 'socket: protocol not supported'],
  ];
  for (const [options, syscall, code, message] of cases) {
    const open = () => native.openSocket({ ...stream, family: 4, netnsPath: netns.path, ...options });
    assert.throws(open, { name: 'Error', syscall, code, message });
  }
});

test('a namespace made anew under the same name is the one that is entered', { skip }, async () => {
  const old = createNetns();
  old.exec('ip', 'address', 'add', '10.82.0.1/32', 'dev', 'lo');
  const options = { ...stream, family: 4, netnsPath: old.path } as const;
  closeSync(native.openSocket({ ...options, source: '10.82.0.1' }));
  old.remove();
  const again = createNetns(old.name);
  try {
    assert.throws(() => native.openSocket({ ...options, source: '10.82.0.1' }), { code: 'EADDRNOTAVAIL' });
    closeSync(native.openSocket(options));
  } finally {
    again.remove();
  }
});

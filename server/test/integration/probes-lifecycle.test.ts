// A probe that is cancelled or expired lets go of its socket at once and calls nobody any more, whatever it
// was doing; and a probe that is done stays done, whatever still comes.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProbeCode } from '../../src/health/result-code.ts';
import type { ProbeNetwork } from '../../src/probes/network.ts';
import type { ProbeResult } from '../../src/probes/probe.ts';
import { behaviours, flood, okReply, onFirstBytes, sayAndReset, silent } from '../support/behaviours.ts';
import { createAuthority, type Identity } from '../support/certificates.ts';
import { type Behaviour, type Peer, serve, serveBlackHole } from '../support/misbehaving-server.ts';
import {
  blockLoop,
  httpCheck,
  httpsCheck,
  prepare,
  runProbe,
  type StreamCheck,
  tcpCheck,
  testNetwork,
} from '../support/probe-run.ts';

let network: ProbeNetwork;
let identity: Identity;
before(() => {
  network = testNetwork();
  identity = createAuthority('CA').issue({ addresses: ['127.0.0.1'] });
});
after(() => network.close());

const insecure = { insecureSkipVerify: true };
const wantsOk = { responseRegexp: '^ok$' };

interface Phase {
  readonly name: string;
  readonly check: (port: number) => StreamCheck;
  readonly behaviour: Behaviour;
  readonly isTls?: true;
  /** What `expire` says there. */
  readonly code: ProbeCode;
}

const phases: readonly Phase[] = [
  { name: 'handshake', check: (port) => tcpCheck(port, insecure), behaviour: silent, code: 'L6TOUT' },
  { name: 'https handshake', check: (port) => httpsCheck(port, insecure), behaviour: silent, code: 'L6TOUT' },
  { name: 'no reply', check: httpCheck, behaviour: silent, code: 'L7TOUT' },
  {
    name: 'no reply over TLS',
    check: (port) => httpsCheck(port, insecure),
    behaviour: silent,
    isTls: true,
    code: 'L7TOUT',
  },
  { name: 'status line', check: httpCheck, behaviour: behaviours.halfStatusLine, code: 'L7TOUT' },
  { name: 'headers', check: httpCheck, behaviour: behaviours.halfHeaders, code: 'L7TOUT' },
  {
    name: 'body',
    check: (port) => httpCheck(port, wantsOk),
    behaviour: behaviours.bodyNotWhole,
    code: 'L7TOUT',
  },
  {
    name: 'body over TLS',
    check: (port) => httpsCheck(port, insecure, wantsOk),
    behaviour: behaviours.bodyNotWhole,
    isTls: true,
    code: 'L7TOUT',
  },
];

/** Starts a probe, lets it get to its phase, ends it with `end`, and waits until the server has lost it. */
async function endInPhase(
  { check, behaviour, isTls }: Phase,
  end: 'cancel' | 'expire',
): Promise<ProbeResult | undefined> {
  const peers: Peer[] = [];
  const tls = isTls && { cert: identity.certPem, key: identity.keyPem };
  const noted: Behaviour = (peer) => {
    peers.push(peer);
    behaviour(peer);
  };
  const server = await serve(noted, tls ? { tls } : {});
  const run = prepare(check(server.port), server, network).start((result) =>
    assert.fail(`called with ${result.detail}`),
  );
  // The probe's side of the connection shows nothing to wait for; too short a wait only tests an earlier
  // phase.
  while (peers.length === 0) await sleep(5);
  await sleep(50);
  const [peer] = peers;
  assert.ok(peer);
  // Not events.once: that fails with the reset by which the probe leaves.
  const closed = new Promise<void>((resolve) => peer.socket.once('close', () => resolve()));
  const result = run[end]();
  run.cancel();
  await closed;
  await server.close();
  return result ?? undefined;
}

describe('while the server is slow', { concurrency: 4 }, () => {
  for (const phase of phases) {
    test(`${phase.name}: cancel`, async () => assert.equal(await endInPhase(phase, 'cancel'), undefined));
    test(`${phase.name}: expire`, async () =>
      assert.equal((await endInPhase(phase, 'expire'))?.code, phase.code));
  }
});

const fdCount = () => readdirSync('/proc/self/fd').length;

test('while connecting: cancel and expire close the descriptor at once', async () => {
  const hole = await serveBlackHole();
  for (const check of [tcpCheck(hole.port), tcpCheck(hole.port, insecure), httpCheck(hole.port)]) {
    const prepared = prepare(check, hole, network);
    const before = fdCount();
    const runs = [1, 2].map(() => prepared.start(() => assert.fail('done was called')));
    await sleep(20);
    assert.equal(fdCount(), before + 2);
    runs[0]?.cancel();
    assert.equal(runs[1]?.expire().code, 'L4TOUT');
    assert.equal(fdCount(), before);
  }
  await hole.close();
});

test('in the turn that started it: cancel and expire', async () => {
  const server = await serve(behaviours.ok);
  const prepared = prepare(httpCheck(server.port), server, network);
  const before = fdCount();
  prepared.start(() => assert.fail('done was called')).cancel();
  assert.equal(prepared.start(() => assert.fail('done was called')).expire().code, 'L4TOUT');
  await sleep(50);
  assert.equal(fdCount(), before);
  await server.close();
});

test('without a socket: the refusal comes later, or at the deadline, or never', async (t) => {
  const nowhere = testNetwork('maglev-no-such-namespace');
  t.after(() => nowhere.close());
  const prepared = prepare(httpCheck(80), { address: '127.0.0.1', family: 4 }, nowhere);
  const expected = {
    ok: false,
    code: 'L4CON',
    detail: 'enter netns "maglev-no-such-namespace": no such file or directory',
  };
  assert.deepEqual(await runProbe(prepared), expected);
  const run = prepared.start(() => assert.fail('done was called'));
  await Promise.resolve();
  // The refusal is there, but our loop has not come to it.
  blockLoop(100);
  assert.deepEqual(run.expire(), expected);
  prepared.start(() => assert.fail('done was called')).cancel();
  await sleep(20);
});

test('what comes after the verdict is not heard', async () => {
  const more: readonly Behaviour[] = [
    behaviours.okBodyFlood,
    flood(okReply, okReply),
    sayAndReset(okReply),
    onFirstBytes(({ socket }) => socket.end(`${okReply}garbage`)),
  ];
  for (const behaviour of more) {
    const server = await serve(behaviour);
    assert.equal((await runProbe(prepare(httpCheck(server.port), server, network))).code, 'L7OK');
    await sleep(40);
    await server.close();
  }
});

test('a run that has ended can be cancelled without effect', async () => {
  const server = await serve(behaviours.ok);
  const prepared = prepare(httpCheck(server.port), server, network);
  await new Promise<void>((resolve) => {
    const run = prepared.start(() => {
      run.cancel();
      run.cancel();
      resolve();
    });
  });
  await server.close();
});

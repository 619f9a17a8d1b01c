// One round of trouble for a running maglevd, drawn from a seed: backends that flap, reloads, operators, VPPs
// that die, subscribers that come, stall and go, logins that are wrong. It notes what was true, and changes
// nothing that it does not note.
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Prng } from '../../src/lib/prng.ts';
import { askHttp } from '../support/http-request.ts';
import type { Maglevd } from '../support/maglevd.ts';
import { openSse, type SseClient } from '../support/sse-client.ts';
import { type Backends, backendAddress, rigYaml, type SimulatedVpp } from './rig.ts';
import type { Truth } from './truth.ts';

/** The first ones are well for ever; the rest flaps; extra ones come and go. */
export const steadyCount = 20;
export const backendCount = 40;
const extraCount = 5;
const turns = 8;
const turnMs = 1000;

export interface Churned {
  reloads: number;
  refusedReloads: number;
  vppRestarts: number;
  subscribers: number;
  stalled: number;
  events: number;
  resyncs: number;
  refusedLogins: number;
  actions: number;
  turns: number;
}

interface Subscriber {
  readonly client: SseClient;
  /** It filters nothing. */
  readonly isWhole: boolean;
}

export class Churn {
  readonly #maglevd: Maglevd;
  readonly #vpp: SimulatedVpp;
  readonly #backends: Backends;
  readonly #truth: Truth;
  readonly #prng: Prng;
  #round = 0;
  #lastEventId: string | undefined;
  readonly paused = new Set<string>();
  readonly counts: Churned = {
    ...{ reloads: 0, refusedReloads: 0, vppRestarts: 0, subscribers: 0, stalled: 0, events: 0, resyncs: 0 },
    ...{ refusedLogins: 0, actions: 0, turns: 0 },
  };

  constructor(parts: { maglevd: Maglevd; vpp: SimulatedVpp; backends: Backends; truth: Truth; prng: Prng }) {
    this.#maglevd = parts.maglevd;
    this.#vpp = parts.vpp;
    this.#backends = parts.backends;
    this.#truth = parts.truth;
    this.#prng = parts.prng;
  }

  /** About ten seconds; at its end no subscriber is left. */
  async round(): Promise<void> {
    this.#round++;
    const subscribers = await this.#openSubscribers();
    const stalled = await this.#openStalled();
    for (let turn = 0; turn < turns; turn++) {
      this.#flap();
      if (turn === 1) await this.#reload();
      if (turn === 3) await this.#operate();
      if (turn === 4) await this.#loginWrongly();
      if (turn === 5 && this.#round % 3 === 0) {
        await this.#vpp.kill();
        await this.#vpp.start();
        this.counts.vppRestarts++;
      }
      if (turn === 6) await this.#maglevd.metrics();
      await sleep(turnMs);
    }
    for (const socket of stalled) socket.destroy();
    for (const subscriber of subscribers) this.#close(subscriber);
  }

  #flap(): void {
    const index = steadyCount + this.#prng.below(backendCount - steadyCount);
    const name = `b${index}`;
    const isWell = !this.#truth.isWell(name);
    const words = ['ill', 'closing', 'reset', 'garbage', 'silent'];
    const word = isWell ? 'well' : (words[this.#prng.below(words.length)] as string);
    this.#truth.turn(name, isWell, Date.now());
    this.#backends.set(backendAddress(index), word);
    this.counts.turns++;
  }

  async #reload(): Promise<void> {
    const { port } = this.#backends;
    if (this.#round % 4 === 0) {
      const { msg } = await this.#maglevd.reload('maglev: { backends: { b0: { address: nowhere } } }\n');
      assert.equal(msg, 'config-refused');
      this.counts.refusedReloads++;
    }
    const count = backendCount + (this.#round % 2) * extraCount;
    const weight = 50 + this.#prng.below(51);
    const { msg } = await this.#maglevd.reload(rigYaml({ port, backendCount: count, weight }));
    assert.equal(msg, 'config-reloaded');
    this.counts.reloads++;
  }

  async #operate(): Promise<void> {
    const name = `b${steadyCount + this.#prng.below(backendCount - steadyCount)}`;
    const action = this.paused.has(name) ? 'resume' : 'pause';
    const answer = await this.#maglevd.post(`/backends/${name}/${action}`);
    assert.equal(answer.status, 200, answer.body);
    if (action === 'pause') this.paused.add(name);
    else this.paused.delete(name);
    this.counts.actions++;
  }

  async #loginWrongly(): Promise<void> {
    const headers = { authorization: `Basic ${Buffer.from('soak:wrong').toString('base64')}` };
    const { status } = await askHttp(`${this.#maglevd.apiUrl}/api/v1/backends`, { headers });
    // Later ones are not even looked at.
    assert.ok(status === 401 || status === 429, `a wrong password is answered ${status}`);
    this.counts.refusedLogins++;
  }

  async #openSubscribers(): Promise<readonly Subscriber[]> {
    const url = `${this.#maglevd.apiUrl}/api/v1/events`;
    const last = this.#lastEventId;
    const clients = [
      { isWhole: true, client: await openSse(url) },
      { isWhole: false, client: await openSse(`${url}?kind=backend`) },
      { isWhole: true, client: await openSse(url, last === undefined ? {} : { 'last-event-id': last }) },
      { isWhole: true, client: await openSse(`${url}?level=debug`) },
    ];
    this.counts.subscribers += clients.length;
    return clients;
  }

  /** They ask, and never read. */
  async #openStalled(): Promise<readonly Socket[]> {
    const port = Number(new URL(this.#maglevd.apiUrl).port);
    const sockets = [0, 1].map(() => {
      const socket = connect({ host: '127.0.0.1', port });
      socket.on('error', () => socket.destroy());
      socket.pause();
      socket.write('GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
      return socket;
    });
    this.counts.stalled += sockets.length;
    return sockets;
  }

  /** Numbers rise by one for who filtered nothing, and rise for all, unless a resync was announced. */
  #close({ client, isWhole }: Subscriber): void {
    client.close();
    let last: number | undefined;
    for (const { id, kind, snapshot } of client.events()) {
      this.counts.events++;
      if (kind === 'resync') {
        this.counts.resyncs++;
        last = undefined;
      }
      if (id === undefined) continue;
      const sequence = Number(id.split('-')[1]);
      if (last !== undefined && !snapshot && kind !== 'heartbeat') {
        assert.ok(isWhole ? sequence === last + 1 : sequence > last, `invariant 5: ${id} after ${last}`);
      }
      last = sequence;
      this.#lastEventId = id;
    }
  }
}

// Clients of the REST API in a simulated run: dashboards that read, scripts that change, strangers and
// programs that send nonsense. What is read is held against the daemon itself and its schema; what is refused
// must leave every observable as it was (invariant 8). It must not know how a request is served.
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import type { ValidateFunction } from 'ajv';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { type Operation, operations } from '../../src/api/operations.ts';
import { strictAjv } from '../../src/api/request-check.ts';
import { observe } from './invariants.ts';
import type { World } from './state.ts';
import { pick } from './world.ts';

const prefix = '/api/v1';
/** Reading VPP itself takes simulated time, and is the reconciler's alone here. */
const unread = 'GetVPPLBState';
const reads = operations.filter(({ verb, streams, rpc }) => verb === 'GET' && !streams && rpc !== unread);
const changes = operations.filter(({ verb, rpc }) => verb !== 'GET' && rpc !== 'SyncVPPLBState');
const stranger = '198.51.100.7';

/** Of a path that was read before: its tag, and the bytes that came with it. */
export type KnownTags = Map<string, { readonly tag: string; readonly body: string }>;

/** One client asks for something; time stands still meanwhile. */
export async function takeApiStep(world: World): Promise<void> {
  switch (world.prng.below(6)) {
    case 0:
      return change(world);
    case 1:
      return changeWrongly(world);
    case 2:
      return sync(world);
    default:
      return read(world);
  }
}

async function ask({ daemon }: World, options: InjectOptions): Promise<LightMyRequestResponse> {
  const headers = { 'x-request-id': 'sim', ...options.headers };
  const answer = await daemon.api.inject({ ...options, headers });
  assert.ok(answer.statusCode !== 500, `${options.method} ${options.url}: ${answer.body}`);
  return answer;
}

// --- who reads

async function read(world: World): Promise<void> {
  const { prng, tags } = world;
  const operation = pick(prng, reads);
  const { url, isKnown } = place(world, operation);
  const known = tags.get(url);
  const answer = await ask(world, {
    url,
    ...(known && prng.below(2) === 0 && { headers: { 'if-none-match': known.tag } }),
  });
  if (answer.statusCode === 304) {
    const whole = await ask(world, { url });
    assert.equal(whole.body, known?.body, `${url} has changed, and its tag has not`);
    return;
  }
  if (answer.statusCode === 200) checkAnswer(world, operation, url, answer);
  else {
    const expected = isKnown ? [503] : [404];
    assert.ok(expected.includes(answer.statusCode), `${url}: ${answer.statusCode} ${answer.body}`);
  }
}

function checkAnswer(world: World, operation: Operation, url: string, answer: LightMyRequestResponse): void {
  const { body } = answer;
  const value = JSON.parse(body) as Record<string, unknown>;
  const validate = validatorOf(operation);
  assert.ok(validate(value), `${url}: ${JSON.stringify(validate.errors?.[0])}`);
  checkStates(world, operation, value);
  const tag = answer.headers['etag'];
  if (typeof tag !== 'string') return;
  const known = world.tags.get(url);
  if (known !== undefined) assert.equal(known.tag === tag, known.body === body, `${url}: tag and bytes`);
  world.tags.set(url, { tag, body });
}

const validators = new WeakMap<Operation, ValidateFunction>();

function validatorOf(operation: Operation): ValidateFunction {
  const validate = validators.get(operation) ?? strictAjv.compile(operation.response);
  validators.set(operation, validate);
  return validate;
}

/** Nobody is shown another state than the daemon's own. */
function checkStates({ daemon }: World, { rpc }: Operation, value: Record<string, unknown>): void {
  const { control } = daemon;
  const list = value['backends'] ?? value['frontends'];
  if (rpc !== 'ListBackends' && rpc !== 'ListFrontends') return;
  assert.ok(Array.isArray(list));
  const shown = list.map(({ name, state }: { name: string; state: string }) => `${name} ${state}`);
  const { backends, frontends } = control.config();
  const own =
    rpc === 'ListBackends'
      ? Array.from(backends.keys(), (name) => `${name} ${control.checker().state(name)}`)
      : Array.from(frontends.keys(), (name) => `${name} ${control.frontendStatus(name)?.state}`);
  assert.deepEqual(shown, own, rpc);
}

/** The path of an operation with names in it, now and then with one that there is not. */
function place({ prng, daemon }: World, { path }: Pick<Operation, 'path'>) {
  const config = daemon.control.config();
  const frontend = pick(prng, [...config.frontends.values()]);
  const pool = pick(prng, frontend.pools);
  const isPooled = path.includes('{pool}');
  const names: Readonly<Record<string, string>> = {
    frontend: frontend.name,
    pool: pool.name,
    backend: isPooled ? pick(prng, pool.backends).name : pick(prng, [...config.backends.keys()]),
    healthcheck: pick(prng, [...config.healthchecks.keys()]),
  };
  const isKnown = !path.includes('{') || prng.below(10) !== 0;
  const url = prefix + path.replaceAll(/\{([a-z]+)\}/g, (_, name: string) => names[name] ?? name);
  return {
    url: isKnown ? url : url.replace(/\/(backends|frontends|healthchecks)\/\w+/, '/$1/nobody'),
    isKnown,
  };
}

// --- who changes

async function change(world: World): Promise<void> {
  const { prng, daemon, witness, disk } = world;
  const operation = pick(prng, changes);
  const { url, isKnown } = place(world, operation);
  const isWeight = operation.verb === 'PUT';
  const payload = isWeight ? pick(prng, [{ weight: 30 }, { weight: 0, flush: true }, { reset: true }]) : {};
  const before = observe(daemon);
  witness.touched();
  const answer = await ask(world, { method: operation.verb, url, payload });
  if (operation.rpc === 'ReloadConfig') witness.forgive();
  const { statusCode, body } = answer;
  if (statusCode === 200) {
    assert.ok(isKnown, `${url} is done, for nobody`);
    return checkAnswer(world, operation, url, answer);
  }
  assert.deepEqual(observe(daemon), before, `invariant 8: ${url} was refused`);
  const expected = [...(isKnown ? [409, 400] : [404]), ...(disk.full ? [503] : [])];
  assert.ok(expected.includes(statusCode), `${url}: ${statusCode} ${body}`);
}

/** Strangers, and what fits no schema. */
async function changeWrongly(world: World): Promise<void> {
  const { prng, daemon } = world;
  const operation = pick(prng, changes);
  const { url } = place(world, operation);
  const before = observe(daemon);
  const method = operation.verb;
  const isStranger = prng.below(2) === 0;
  const answer = isStranger
    ? await ask(world, { method, url, payload: {}, remoteAddress: stranger })
    : await ask(world, { method, url, payload: { nonsense: 1 } });
  assert.deepEqual(observe(daemon), before, `invariant 8: ${url} was refused`);
  const { statusCode, body } = answer;
  assert.equal(statusCode, isStranger ? 403 : 400, `${url}: ${body}`);
}

/** It is answered when VPP was looked at, which takes simulated time. */
async function sync(world: World): Promise<void> {
  const { prng } = world;
  const frontend = pick(prng, [...world.daemon.control.config().frontends.keys()]);
  const payload = prng.below(2) === 0 ? {} : { frontend };
  await world.daemon.api.ready();
  world.wishes++;
  void ask(world, { method: 'POST', url: `${prefix}/vpp/lb/sync`, payload }).then(
    ({ statusCode, body }) => {
      world.wishes--;
      if (![200, 409, 503].includes(statusCode)) world.strangeAnswers.push(`sync: ${statusCode} ${body}`);
    },
    (error: unknown) => world.strangeAnswers.push(String(error)),
  );
  // Requests come in through the real event loop: it is under way before time goes on.
  await turnLoop();
}

/** Lets answers that are ready reach their clients: those go through the real event loop. */
export async function deliverAnswers({ strangeAnswers }: World): Promise<void> {
  await turnLoop();
  assert.deepEqual(strangeAnswers, []);
}

const loopTurns = 3;

async function turnLoop(): Promise<void> {
  for (let turn = 0; turn < loopTurns; turn++) await setImmediate();
}

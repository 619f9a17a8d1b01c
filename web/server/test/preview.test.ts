// What a preview says against what VPP then does: the simulator builds VPP's table, and packets are sent
// through it before a change and after it.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { realClock } from '@vpp-maglev/server/clock';
import { type Simulator, startSimulator } from '../../../server/src/dataplane/simulator/simulator.ts';
import { loadTestNative } from '../../../server/test/support/addon.ts';
import { eventually, makeDirectory, removeDirectory } from '../../../server/test/support/guarded-process.ts';
import { askHttp } from '../../../server/test/support/http-request.ts';
import { type Maglevd, startMaglevd } from '../../../server/test/support/maglevd.ts';
import type { ChangePreview, ChangeRequest, FrontendJson } from '../../src/contract.ts';
import { alice, basic, startTestFrontend, staticConfig } from './support.ts';

const tableLength = 1024;

interface Place {
  readonly maglevd: Maglevd;
  readonly simulator: Simulator;
  preview(operation: ChangeRequest['operation'], request: object): Promise<ChangePreview>;
  change(operation: ChangeRequest['operation'], request: object): Promise<void>;
}

async function start(t: TestContext): Promise<Place> {
  const directory = makeDirectory('preview');
  const [apiPath, statsPath] = [`${directory}/api.sock`, `${directory}/stats.sock`];
  const simulator = await startSimulator({ native: loadTestNative(), clock: realClock, apiPath, statsPath });
  t.after(async () => {
    await simulator.stop();
    removeDirectory(directory);
  });
  const flags = ['--vpp-api-addr', apiPath, '--vpp-stats-addr', statsPath];
  const maglevd = await startMaglevd({ config: staticConfig, flags });
  t.after(() => maglevd.kill());
  const { url } = await startTestFrontend(t, [maglevd.apiUrl], { admin: alice });
  const ask = async (path: string, operation: string, request: object) => {
    const body = { maglevd: new URL(maglevd.apiUrl).host, operation, request };
    const headers = { authorization: basic(alice) };
    const answer = await askHttp(`${url}/admin/api/${path}`, { method: 'POST', body, headers });
    assert.equal(answer.status, 200, answer.body);
    return JSON.parse(answer.body);
  };
  await settled(maglevd);
  return {
    maglevd,
    simulator,
    preview: (operation, request) => ask('preview', operation, request),
    change: (operation, request) => ask('change', operation, request),
  };
}

interface State {
  readonly missingFrontends: readonly string[];
  readonly vips: readonly {
    readonly prefix: string;
    readonly inSync?: boolean;
    readonly frontend?: string;
    readonly applicationServers: readonly { readonly backend?: string; readonly buckets: number }[];
  }[];
}

/** VPP holds what it should. */
function settled(maglevd: Maglevd): Promise<State> {
  return eventually('VPP is in sync', 15_000, async () => {
    const { status, body } = await askHttp(`${maglevd.apiUrl}/api/v1/vpp/lb/state`);
    if (status !== 200) return undefined;
    const state = JSON.parse(body) as State;
    const isWell = state.vips.length === 2 && state.vips.every(({ inSync }) => inSync === true);
    return isWell && state.missingFrontends.length === 0 ? state : undefined;
  });
}

let passes = 0;

/** Who gets each bucket, asked with a packet of a new flow each: by frontend, addresses. */
function ownersOf({ model }: Simulator): Map<string, readonly (string | undefined)[]> {
  const owners = new Map<string, readonly (string | undefined)[]>();
  for (const { index, address } of model.vips()) {
    passes += 1;
    // Far enough apart that no flow of an earlier pass is remembered.
    const nowMs = realClock.nowMs() + passes * 1_000_000;
    const picks = Array.from({ length: tableLength }, (_, hash) => model.pickAs(index, hash, nowMs));
    owners.set(
      address.text === '127.0.0.80' ? 'www' : 'api',
      picks.map(({ as }) => as?.address.text),
    );
  }
  return owners;
}

async function checkChange(
  place: Place,
  operation: ChangeRequest['operation'],
  request: object,
  backend: string,
): Promise<ChangePreview> {
  const preview = await place.preview(operation, request);
  const before = ownersOf(place.simulator);
  const stateBefore = await settled(place.maglevd);
  await place.change(operation, request);
  const stateAfter = await eventually('VPP has been changed', 15_000, async () => {
    const state = await settled(place.maglevd);
    const { frontends } = await place.maglevd.api<{ frontends: FrontendJson[] }>('/frontends');
    const asPredicted = preview.frontends.every(
      ({ frontend, shareAfter }) => shareOf(state, frontend, backend) === shareAfter,
    );
    return asPredicted && frontends.length === 2 ? state : undefined;
  });
  const after = ownersOf(place.simulator);
  for (const effect of preview.frontends) {
    const { frontend, movedShare, shareBefore, shareAfter, servingAfter } = effect;
    const was = before.get(frontend) ?? [];
    const will = after.get(frontend) ?? [];
    const moved = was.filter((owner, bucket) => owner !== will[bucket]).length;
    assert.equal(movedShare, moved / tableLength, `${operation} ${frontend}: moved`);
    assert.equal(shareBefore, shareOf(stateBefore, frontend, backend), `${operation} ${frontend}: before`);
    assert.equal(shareAfter, shareOf(stateAfter, frontend, backend), `${operation} ${frontend}: after`);
    assert.equal(servingAfter, new Set(will.filter((owner) => owner !== undefined)).size);
  }
  return preview;
}

function shareOf({ vips }: State, frontend: string, backend: string): number {
  const vip = vips.find((each) => each.frontend === frontend);
  const server = vip?.applicationServers.find((each) => each.backend === backend);
  return (server?.buckets ?? 0) / tableLength;
}

test('what a preview says is what VPP does', { timeout: 120_000 }, async (t) => {
  const place = await start(t);
  const change = (backend: string, more: object) => {
    const request = { frontend: 'www', pool: 'primary', backend, ...more };
    return checkChange(place, 'SetFrontendPoolBackendWeight', request, backend);
  };
  const weigh = (backend: string, weight: number, more: object = {}) => change(backend, { weight, ...more });
  const pause = await checkChange(place, 'PauseBackend', { backend: 'b2' }, 'b2');
  assert.match(pause.summary, /^Pause b2: 2 frontends, \d+\.\d % of new flows of www move to 2 others/);
  assert.deepEqual(
    pause.frontends.map(({ frontend, cutsFlows }) => [frontend, cutsFlows]),
    [
      ['www', false],
      ['api', false],
    ],
  );
  // api has b1 alone in its first pool: its standby takes over, and b2 there is paused.
  const disable = await checkChange(place, 'DisableBackend', { backend: 'b1' }, 'b1');
  assert.match(disable.summary, /pool standby takes over api, its open flows are cut now\.$/);
  const api = disable.frontends.find(({ frontend }) => frontend === 'api');
  assert.deepEqual([api?.movedShare, api?.shareAfter, api?.servingAfter], [1, 0, 1]);

  await checkChange(place, 'EnableBackend', { backend: 'b1' }, 'b1');
  await checkChange(place, 'ResumeBackend', { backend: 'b2' }, 'b2');
  const half = await weigh('b1', 50, { flush: true });
  assert.match(half.summary, /^Set the weight of b1 in pool primary to 50: /);
  assert.equal(half.frontends[0]?.cutsFlows, true);
  // b2 alone has the largest weight of the file; hidden, the file's is still what weights are programmed by.
  await weigh('b2', 30);
  await weigh('b3', 100);
  await weigh('b1', 0);
  assert.deepEqual(
    (await place.preview('PauseBackend', { backend: 'b1' })).frontends.map(({ movedShare }) => movedShare),
    [0, 1],
  );
  // Back to the file: what moves is told in numbers, as for every other weight.
  const [www] = (await place.maglevd.api<{ frontends: FrontendJson[] }>('/frontends')).frontends;
  assert.deepEqual(
    www?.pools[0]?.backends.map(({ name, weight, fileWeight }) => [name, weight, fileWeight]),
    [
      ['b1', 0, 100],
      ['b2', 30, 100],
      ['b3', 100, 50],
    ],
  );
  const reset = await change('b2', { reset: true });
  assert.match(
    reset.summary,
    /^Set the weight of b2 in pool primary to \d+, the file's: \d+\.\d % of new flows/,
  );
  const again = await change('b2', { reset: true });
  assert.equal(again.summary, `b2 has no runtime weight in pool primary: it stays at ${100}.`);
  assert.deepEqual(again.frontends, []);
});

test('what changes nothing says so, and changes nothing', { timeout: 60_000 }, async (t) => {
  const place = await start(t);
  assert.match((await place.preview('SyncVPPLBState', {})).summary, /nothing differs now/);
  assert.match((await place.preview('ReloadConfig', {})).summary, /take it over/);
  assert.match((await place.preview('EnableBackend', { backend: 'b1' })).summary, /not disabled: nothing/);
  assert.match((await place.preview('ResumeBackend', { backend: 'b1' })).summary, /not paused: nothing/);
  const { overrides } = await place.maglevd.api<{ overrides: unknown[] }>('/overrides');
  assert.deepEqual(overrides, []);
  assert.equal(place.simulator.crashes.length, 0);
});

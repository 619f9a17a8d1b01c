// Weights through the API of a real maglevd on a simulated VPP: each refusal as a problem document with which
// one can go on, and nothing sent to VPP for any of them.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { allWell, assertProblem, putWeight, startScenario } from '../support/dataplane-scenario.ts';
import { askHttp } from '../support/http-request.ts';

const either = 'give either a weight, or reset: true';

/** Place, body, and what the 400 says. */
const bad: readonly (readonly [place: string, body: object | string, detail: string | RegExp])[] = [
  ['www/primary/a', { weight: 1, reset: true }, either],
  ['www/primary/a', {}, either],
  ['www/primary/a', '', either],
  ['www/primary/a', { reset: false }, either],
  ['www/primary/a', { flush: true }, either],
  ['www/primary/a', { weight: 101 }, /weight: must be <= 100/],
  ['www/primary/a', { weight: -1 }, /weight: must be >= 0/],
  ['www/primary/a', { weight: 1.5 }, /weight: must be integer/],
  ['www/primary/a', { weight: '10' }, /weight: must be integer/],
  ['www/primary/a', { weight: null }, /weight: must be integer/],
  ['www/primary/a', { reset: 'true' }, /reset: must be boolean/],
  ['www/primary/a', { weight: 1, flush: 1 }, /flush: must be boolean/],
  ['www/primary/a', { weight: 1, reason: 7 }, /reason: must be string/],
  ['www/primary/a', { weight: 1, wieght: 2 }, /wieght: is no field of this request/],
  ['www/primary/a', '[]', /body: must be object/],
  ['www/primary/a', 'null', /body: must be object/],
  ['www/primary/a', '{"weight": 1', /^the body is not JSON/],
  ['www/primary/a', { weight: 1, reason: 'x'.repeat(257) }, /reason/],
];

const missing: readonly (readonly [place: string, detail: string])[] = [
  ['webb/primary/a', 'frontend webb: no such frontend'],
  ['www/primry/a', 'pool primry: no such pool in frontend www (did you mean primary?)'],
  ['www/primary/c', 'backend c: no such backend in pool primary of frontend www'],
  ['www6/primary/a', 'pool primary: no such pool in frontend www6'],
];

test('what PUT weight refuses, why, and that nothing happens', async (t) => {
  const scenario = await startScenario(t);
  const maglevd = await scenario.start();
  await scenario.settled(maglevd, allWell);
  scenario.takeMutations();
  for (const [place, body, detail] of bad) {
    await t.test(`400: ${JSON.stringify(body).slice(0, 40)}`, async () =>
      assertProblem(await putWeight(maglevd, place, body), 400, 'invalid_argument', detail),
    );
  }
  for (const [place, detail] of missing) {
    for (const body of [{ weight: 1 }, { reset: true }]) {
      await t.test(`404: ${place} ${JSON.stringify(body)}`, async () =>
        assertProblem(await putWeight(maglevd, place, body), 404, 'not_found', detail),
      );
    }
  }
  const url = `${maglevd.apiUrl}/api/v1/frontends/www/pools/primary/backends/a/weight`;
  assertProblem(await askHttp(url), 405, 'method_not_allowed', 'GET is not possible here: PUT, OPTIONS');
  const form = {
    method: 'PUT',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'weight=1',
  };
  assertProblem(await askHttp(url, form), 415, 'unsupported_media_type', /./);
  // What cannot be stored is not done.
  rmSync(scenario.stateDir, { recursive: true });
  writeFileSync(scenario.stateDir, '');
  const unsaved = await putWeight(maglevd, 'www/primary/a', { weight: 1, flush: true });
  assertProblem(unsaved, 503, 'unavailable', /overrides/);

  assert.deepEqual(await maglevd.api('/overrides'), { overrides: [] });
  await scenario.settled(maglevd, allWell);
  assert.deepEqual(scenario.takeMutations(), []);
  await maglevd.stop();
});

test('the answer shows the weight at once; repeating it changes nothing, but flushes if asked', async (t) => {
  const scenario = await startScenario(t);
  const maglevd = await scenario.start();
  await scenario.settled(maglevd, allWell);
  scenario.takeMutations();
  const body = { weight: 60, reason: 'new disk' };
  const { status, body: text } = await putWeight(maglevd, 'www/primary/a', body);
  assert.equal(status, 200, text);
  const shown = JSON.parse(text).pools[0].backends[0];
  assert.deepEqual(
    [shown.name, shown.weight, shown.fileWeight, shown.effectiveWeight, shown.programmedWeight],
    ['a', 60, 100, 60, 6],
    text,
  );
  const weights = { ...allWell, www: { a: 6, b: 5, c: 0 } };
  await scenario.settled(maglevd, weights);
  const sent = ['lb_as_set_weight 127.44.0.1 of 198.51.100.80/32 6/80 weight 6'];
  assert.deepEqual(scenario.takeMutations(), sent);
  assert.equal((await putWeight(maglevd, 'www/primary/a', body)).status, 200);
  assert.equal((await putWeight(maglevd, 'www/primary/a', { ...body, flush: true })).status, 200);
  await maglevd.waitForLog(({ msg, flush }) => msg === 'vpp-lb-as-weight' && flush === true, 10_000);
  assert.deepEqual(scenario.takeMutations(), [`${sent[0]} flush`]);
  // Another one than the file's, after a restart, too.
  await maglevd.kill();
  const next = await scenario.start();
  await scenario.settled(next, weights);
  assert.deepEqual(scenario.takeMutations(), []);
  const reset = await putWeight(next, 'www/primary/a', { reset: true });
  assert.equal(reset.status, 200);
  assert.equal('fileWeight' in JSON.parse(reset.body).pools[0].backends[0], false, 'nothing hides it');
  await scenario.settled(next, allWell);
  assert.deepEqual(await next.api('/overrides'), { overrides: [] });
  await next.stop();
});

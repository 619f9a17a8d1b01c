// Changes: asked back with words and numbers, confirmed by the daemon's answer, refused without losing what
// was typed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyNoBrowser } from './support/browser.ts';
import { maglevdOf, useStage } from './support/stage.ts';

const stage = useStage();
const options = { skip: whyNoBrowser, timeout: 60_000 };
const drawer = '#/maglevd/local/backend/local/imap0-ams';

const preview = {
  summary:
    'Disable imap0-ams: 1 frontend, 25 % of new flows of imap move to 3 others, its open flows are cut now.',
  frontends: [
    {
      frontend: 'imap',
      movedShare: 0.25,
      shareBefore: 0.25,
      shareAfter: 0,
      servingAfter: 3,
      cutsFlows: true,
    },
  ],
};

test('/view/ offers no change at all', options, async () => {
  const server = await stage.serve('local');
  const { page, close } = await stage.open(`${server.origin}/view/${drawer}`);
  await page.getByRole('complementary', { name: 'Backend imap0-ams on local' }).waitFor();
  for (const name of ['Disable…', 'Pause…', 'Sync all…', 'Reload…']) {
    assert.equal(await page.getByRole('button', { name, exact: true }).count(), 0, name);
  }
  await close();
});

test('disable: preview, reason, progress, and the result by the answer of the daemon', options, async () => {
  const server = await stage.serve('local');
  const local = maglevdOf(server);
  server.preview = () => ({ status: 200, body: preview });
  const answering = Promise.withResolvers<void>();
  server.change = async () => {
    await answering.promise;
    server.send(
      ...local.turn('imap0-ams', { state: 'disabled', code: 'disabled', detail: 'by alice' }, Date.now()),
    );
    return { status: 200, body: local.backends.get('imap0-ams') };
  };
  const { page, faults, close } = await stage.open(`${server.origin}/admin/${drawer}`);
  await page.getByRole('button', { name: 'Disable…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Disable imap0-ams on local' });
  await dialog.getByText(preview.summary).waitFor();
  await dialog
    .getByText('imap: 25.0 % of new flows move, share 25.0 % → 0 %, 3 backends serve afterwards')
    .waitFor();
  assert.equal(
    await dialog.getByRole('button', { name: 'Cancel' }).evaluate((it) => it === document.activeElement),
    true,
  );
  await dialog.getByRole('textbox', { name: /Reason/ }).fill('kernel upgrade');
  await dialog.getByRole('button', { name: 'Disable', exact: true }).click();
  await dialog.getByText('waiting for its answer').waitFor();
  assert.equal(await dialog.getByText('is disabled').count(), 0, 'no success before the answer');
  answering.resolve();
  await dialog.getByText('imap0-ams is disabled, says local.').waitFor();
  assert.deepEqual(server.changes, [
    {
      maglevd: 'local',
      operation: 'DisableBackend',
      request: { backend: 'imap0-ams', reason: 'kernel upgrade' },
    },
  ]);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'Enable…' }).waitFor();
  assert.deepEqual(faults, []);
  await close();
});

test('a refusal is told in the words of the daemon, and what was typed stays', options, async () => {
  const server = await stage.serve('local');
  server.preview = () => ({ status: 200, body: preview });
  server.change = () => ({
    status: 403,
    body: { title: 'permission_denied', detail: 'alice may not change weights' },
  });
  const { page, close } = await stage.open(`${server.origin}/admin/#/maglevd/local/frontend/imap`);
  await page.getByRole('button', { name: 'Change the weight of imap0-ams' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Weight, 0 to 100').fill('150');
  await dialog.getByText('"150" is not a weight: type a number from 0 to 100.').waitFor();
  assert.equal(await dialog.getByRole('button', { name: 'Set weight' }).isDisabled(), true);
  await dialog.getByLabel('Weight, 0 to 100').fill('40');
  await dialog.getByLabel(/flush/).check();
  await dialog.getByLabel(/Reason/).fill('slow disk');
  await dialog.getByText(preview.summary).waitFor();
  await dialog.getByRole('button', { name: 'Set weight' }).click();
  await dialog.getByText('Refused: alice may not change weights').waitFor();
  assert.equal(await dialog.getByLabel('Weight, 0 to 100').inputValue(), '40');
  assert.equal(await dialog.getByLabel(/Reason/).inputValue(), 'slow disk');
  assert.deepEqual(server.changes.at(-1)?.request, {
    frontend: 'imap',
    pool: 'primary',
    backend: 'imap0-ams',
    weight: 40,
    flush: true,
    reason: 'slow disk',
  });
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await close();
});

test('reload and sync: the answer says what was done, or which lines are wrong', options, async () => {
  const server = await stage.serve('local');
  const errors = [{ path: 'maglev.frontends.imap', line: 31, column: 5, message: 'unknown key "weigth"' }];
  server.change = ({ operation }) =>
    operation === 'ReloadConfig'
      ? { status: 200, body: { ok: false, errors, warnings: [] } }
      : { status: 200, body: { asesAdded: 1, weightsChanged: 2, inSync: true } };
  const { page, close } = await stage.open(`${server.origin}/admin/#/maglevd/local`);
  await page.getByRole('button', { name: 'Reload…' }).click();
  await page.getByRole('button', { name: 'Reload', exact: true }).click();
  await page.getByText('The file has 1 error; the running configuration stays.').waitFor();
  await page.getByText('maglev.frontends.imap: unknown key "weigth" (line 31, column 5)').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Sync all…' }).click();
  await page.getByRole('button', { name: 'Sync', exact: true }).click();
  await page.getByText('1 AS added, 2 weights changed; VPP holds what it should.').waitFor();
  await close();
});

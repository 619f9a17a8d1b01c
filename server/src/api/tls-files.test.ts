import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createAuthority, createSelfSigned, daysFromNow } from '../../test/support/certificates.ts';
import { createFakeClock } from '../../test/support/fake-clock.ts';
import { createTestLog } from '../../test/support/port-app.ts';
import { tlsLookIntervalMs } from '../lib/limits.ts';
import { checkTlsFiles, openTlsFiles } from './tls-files.ts';

interface Written {
  readonly directory: string;
  readonly paths: { cert: string; key: string; clientCa: string };
  write(name: string, text: string): string;
}

function writeIdentity(t: TestContext, identity = createSelfSigned({ commonName: 'maglevd' })): Written {
  const directory = mkdtempSync(join(tmpdir(), 'maglev-tls-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const write = (name: string, text: string) => {
    const path = join(directory, name);
    // As careful renewers do it: never a half-written file at the path.
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
    return path;
  };
  const paths = { cert: write('cert', identity.certPem), key: write('key', identity.keyPem), clientCa: '' };
  return { directory, paths, write };
}

function faultOf(paths: Written['paths']): string {
  const checked = checkTlsFiles(paths);
  assert.ok(!checked.ok);
  return checked.fault;
}

test('each fault of a file is one sentence with its flag and path', (t) => {
  const { directory, paths, write } = writeIdentity(t);
  const other = createSelfSigned({});
  assert.ok(checkTlsFiles(paths).ok);
  const at = (name: string) => join(directory, name);
  const encrypted = execFileSync(
    'openssl',
    ['pkcs8', '-topk8', '-in', paths.key, '-passout', 'pass:secret'],
    { encoding: 'utf8' },
  );
  const bad = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  for (const [change, expected] of [
    [{ cert: at('none') }, `--tls-cert: cannot read ${at('none')}: there is no such file`],
    [{ cert: directory }, `--tls-cert: ${directory} is no file`],
    [{ cert: write('text', 'hello') }, `--tls-cert: ${at('text')} holds no certificate in PEM form`],
    [{ cert: paths.key }, `--tls-cert: ${paths.key} holds no certificate in PEM form`],
    [{ cert: write('bad', bad) }, new RegExp(`^--tls-cert: certificate 1 of ${at('bad')} cannot be read: `)],
    [{ key: at('none') }, `--tls-key: cannot read ${at('none')}: there is no such file`],
    [{ key: paths.cert }, `--tls-key: ${paths.cert} holds no private key in PEM form`],
    [
      { key: write('other', other.keyPem) },
      `--tls-key: the key in ${at('other')} does not belong to the certificate in ${paths.cert}`,
    ],
    [
      { key: write('encrypted', encrypted) },
      `--tls-key: the key in ${at('encrypted')} cannot be read: ` +
        'it has a passphrase, which cannot be given: remove it',
    ],
    [{ clientCa: at('none') }, `--tls-client-ca: cannot read ${at('none')}: there is no such file`],
    [{ clientCa: at('text') }, `--tls-client-ca: ${at('text')} holds no certificate in PEM form`],
    [{ cert: write('large', 'x'.repeat(2 ** 20 + 1)) }, `--tls-cert: ${at('large')} is larger than 1 MiB`],
  ] as const) {
    const fault = faultOf({ ...paths, ...change });
    if (typeof expected === 'string') assert.equal(fault, expected);
    else assert.match(fault, expected);
  }
});

test('a file that may not be read is said', { skip: process.getuid?.() === 0 }, (t) => {
  const { paths } = writeIdentity(t);
  chmodSync(paths.key, 0);
  assert.equal(faultOf(paths), `--tls-key: cannot read ${paths.key}: the daemon may not read it`);
});

test('flags that miss their other half are refused, and none means no TLS', (t) => {
  const { paths } = writeIdentity(t);
  const open = (change: Partial<Written['paths']>) =>
    openTlsFiles({ ...paths, ...change }, createFakeClock(), createTestLog());
  assert.equal(open({ cert: '', key: '' }), undefined);
  assert.throws(() => open({ key: '' }), { message: '--tls-cert needs --tls-key' });
  assert.throws(() => open({ cert: '' }), { message: '--tls-key needs --tls-cert' });
  assert.throws(() => open({ cert: '', key: '', clientCa: paths.cert }), {
    message: '--tls-client-ca needs --tls-cert',
  });
  assert.throws(() => open({ key: '/none' }), { message: /^--tls-key: cannot read \/none/ });
});

test('validity is told, and warned of when it is over or not begun', (t) => {
  for (const [from, to, message] of [
    [-2, 30, undefined],
    [-2, -1, 'tls-certificate-expired'],
    [1, 30, 'tls-certificate-not-yet-valid'],
  ] as const) {
    const notAfter = daysFromNow(to);
    const { paths } = writeIdentity(t, createSelfSigned({ notBefore: daysFromNow(from), notAfter }));
    const log = createTestLog();
    const clock = createFakeClock(Date.now());
    const files = openTlsFiles(paths, clock, log);
    assert.equal(files?.notAfterMs(), Math.floor(notAfter.getTime() / 1000) * 1000);
    assert.deepEqual(
      log.lines.map((line) => [line.level, line.message]),
      message ? [['warn', message]] : [],
    );
    files?.close();
    assert.equal(clock.pendingTimerCount(), 0);
  }
});

test('renewed files are taken over, wrong ones logged once for each change', async (t) => {
  const authority = createAuthority('authority');
  const { paths, write, directory } = writeIdentity(t, authority.issue({ commonName: 'one' }));
  const clock = createFakeClock(Date.now());
  const log = createTestLog();
  // As certbot does it: the flag names a link, and renewal points it to another file.
  const link = join(directory, 'live');
  symlinkSync(paths.cert, link);
  const files = openTlsFiles({ ...paths, cert: link }, clock, log);
  assert.ok(files);
  t.after(() => files.close());
  let changes = 0;
  const unsubscribe = files.onChange(() => changes++);
  const seen = () => log.lines.map(({ message }) => message);
  await clock.advance(3 * tlsLookIntervalMs);
  assert.deepEqual(seen(), []);

  const renewed = authority.issue({ commonName: 'two' });
  unlinkSync(link);
  symlinkSync(write('cert-2', renewed.certPem), link);
  await clock.advance(3 * tlsLookIntervalMs);
  assert.deepEqual(seen(), ['tls-files-refused'], 'certificate and key do not fit: once');
  assert.equal(changes, 0);
  assert.notEqual(files.context().cert, renewed.certPem);

  write('key', renewed.keyPem);
  await clock.advance(tlsLookIntervalMs);
  assert.deepEqual(seen(), ['tls-files-refused', 'tls-files-taken-over']);
  assert.equal(changes, 1);
  assert.equal(files.context().cert, renewed.certPem);

  unlinkSync(link);
  assert.match(files.reload() ?? '', /there is no such file/);
  await clock.advance(2 * tlsLookIntervalMs);
  assert.equal(seen().filter((message) => message === 'tls-files-refused').length, 2);
  symlinkSync(join(directory, 'cert-2'), link);
  assert.equal(files.reload(), undefined);
  assert.equal(changes, 1, 'the same content is no change');

  unsubscribe();
  const third = authority.issue({ commonName: 'three' });
  write('cert-2', third.certPem);
  write('key', third.keyPem);
  assert.equal(files.reload(), undefined);
  assert.equal(changes, 1);
  assert.equal(files.context().cert, third.certPem);
});

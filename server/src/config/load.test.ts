import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { caFileBytesMax, configFileBytesMax } from '../lib/limits.ts';
import { loadConfig } from './load.ts';
import { checkExitCode, reportLines } from './report.ts';

const certificates = join(import.meta.dirname, '../../test/testdata/config/ca');
let directory = '';

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'maglev-config-'));
});
after(() => rmSync(directory, { recursive: true, force: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

function refused(path: string): readonly string[] {
  const result = loadConfig(path);
  assert.equal(checkExitCode(result), 1);
  return reportLines(result, 'file');
}

test('a file that is there is parsed', () => {
  const path = write('good.yaml', 'maglev: { backends: { a: { address: 192.0.2.10 } } }');
  const link = join(directory, 'link.yaml');
  symlinkSync(path, link);
  for (const each of [path, link]) {
    const result = loadConfig(each);
    assert.ok(result.ok);
    assert.equal(result.config.backends.get('a')?.address, '192.0.2.10');
  }
});

test('what cannot be read is a structural error that says why', () => {
  assert.deepEqual(refused(join(directory, 'missing.yaml')), ['file: cannot be read: no such file']);
  const path = write('file', '');
  assert.deepEqual(refused(join(path, 'below')), ['file: cannot be read: no such file']);
  assert.deepEqual(refused(directory), ['file: is a directory']);
  const loop = join(directory, 'loop');
  symlinkSync(loop, loop);
  assert.deepEqual(refused(loop), ['file: cannot be read: too many symbolic links']);
  assert.deepEqual(refused('/dev/null'), ['file: is not a regular file']);
});

test('a pipe that nobody writes to, and a socket, do not hold us up', async () => {
  const pipe = join(directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  assert.deepEqual(refused(pipe), ['file: is not a regular file']);
  const socket = join(directory, 'socket');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  assert.deepEqual(refused(socket), ['file: cannot be read: ENXIO']);
  await new Promise((resolve) => server.close(resolve));
});

test('a file that we may not read', () => {
  const path = write('secret.yaml', 'maglev:');
  chmodSync(path, 0);
  const isRoot = process.geteuid?.() === 0;
  // Root may read everything, so it becomes nobody for the moment.
  if (isRoot) process.seteuid?.(65_534);
  try {
    assert.deepEqual(refused(path), ['file: cannot be read: permission denied']);
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
});

test('a file that is too long is not read to its end', () => {
  const path = write('long.yaml', '');
  truncateSync(path, configFileBytesMax + 1);
  assert.deepEqual(refused(path), ['file: is longer than 16777216 bytes']);
});

function caConfig(path: string): string {
  return write(
    'ca.yaml',
    `maglev: { healthchecks: { a: { type: https, port: 443, params: { ca-file: '${path}' } } } }`,
  );
}

function caError(path: string): string {
  const result = loadConfig(caConfig(path));
  assert.equal(checkExitCode(result), 2);
  assert.ok(!result.ok);
  assert.equal(result.errors[0]?.path, 'maglev.healthchecks.a.params.ca-file');
  return result.errors[0].message.replaceAll(path, 'PATH');
}

test('the certificates of a ca-file come with the configuration, and nothing else of the file', () => {
  const result = loadConfig(caConfig(join(certificates, 'two.pem')));
  assert.ok(result.ok);
  const check = result.config.healthchecks.get('a');
  assert.ok(check?.type === 'https');
  assert.equal(check.tls.caPem?.match(/BEGIN CERTIFICATE/g)?.length, 2);
  assert.doesNotMatch(check.tls.caPem ?? '', /PRIVATE|comment/i);
});

test('a ca-file that cannot be used is a semantic error at its place', () => {
  assert.equal(caError(join(directory, 'missing.pem')), '`PATH` cannot be read: no such file');
  assert.equal(caError(join(certificates, 'key.pem')), '`PATH` holds no PEM certificate');
  assert.match(
    caError(join(certificates, 'broken.pem')),
    /^`PATH` holds a certificate that cannot be read, number 1: /,
  );
  const folder = join(directory, 'certificates');
  mkdirSync(folder);
  assert.equal(caError(folder), '`PATH` is a directory');
  const long = write('long.pem', '');
  truncateSync(long, caFileBytesMax + 1);
  assert.equal(caError(long), '`PATH` is longer than 4194304 bytes');
});

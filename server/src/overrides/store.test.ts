import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { hookFs } from '../../test/support/hooked-fs.ts';
import { numberedOverrides } from '../../test/support/numbered-overrides.ts';
import {
  asideName,
  createStateDirectory,
  type StateDirectory,
} from '../../test/support/overrides-directory.ts';
import { formatOverrides } from './file-format.ts';
import { noOverrides } from './overrides.ts';
import { createOverridesStore } from './store.ts';

let made: StateDirectory[] = [];
afterEach(() => {
  for (const directory of made) directory.remove();
  made = [];
});

function stateDirectory(path?: string): StateDirectory {
  const directory = createStateDirectory(path);
  made.push(directory);
  return directory;
}

const one = numberedOverrides(1);
const two = numberedOverrides(2);

test('what is saved is loaded after a restart', async () => {
  const directory = stateDirectory();
  const store = directory.open();
  assert.deepEqual(await store.load(), noOverrides);
  for (const overrides of [one, two, noOverrides, two]) {
    assert.deepEqual(await store.save(overrides), { ok: true });
    assert.equal(directory.content(), formatOverrides(overrides));
    assert.deepEqual(await directory.open().load(), overrides);
  }
  assert.deepEqual(directory.names(), ['overrides.json']);
  assert.equal(statSync(directory.file).mode & 0o777, 0o640 & ~process.umask());
  assert.deepEqual(directory.log, []);
});

test('without a state directory everything is in memory', async () => {
  const fail = () => assert.fail('nothing to log');
  const store = createOverridesStore({ stateDir: '', log: { error: fail, warn: fail }, wallMs: () => 0 });
  assert.deepEqual(await store.load(), noOverrides);
  assert.deepEqual(await store.save(one), { ok: true });
});

test('a missing state directory is created, its parents are not', async () => {
  const parent = stateDirectory();
  const child = stateDirectory(join(parent.path, 'state'));
  const store = child.open();
  assert.deepEqual(await store.load(), noOverrides);
  assert.equal(statSync(child.path).mode & 0o777, 0o750 & ~process.umask());
  assert.deepEqual(await store.save(one), { ok: true });

  const orphan = stateDirectory(join(parent.path, 'a', 'b'));
  const orphaned = orphan.open();
  assert.deepEqual(await orphaned.load(), noOverrides);
  const error = 'no such file or directory (ENOENT)';
  const attributes = { directory: orphan.path, error };
  assert.deepEqual(orphan.log, [{ level: 'error', message: 'state-directory-unusable', attributes }]);
  const failure = { code: 'ENOENT', message: `cannot write ${orphan.file}: ${error}`, fileHolds: 'old' };
  assert.deepEqual(await orphaned.save(one), { ok: false, failure });
  mkdirSync(join(parent.path, 'a'));
  assert.deepEqual(await orphaned.save(one), { ok: true });
  assert.deepEqual(await orphan.open().load(), one);
});

test('a state directory that is a file is never fatal', async () => {
  const parent = stateDirectory();
  writeFileSync(join(parent.path, 'file'), 'precious');
  const directory = stateDirectory(join(parent.path, 'file'));
  const store = directory.open();
  assert.deepEqual(await store.load(), noOverrides);
  assert.deepEqual(
    directory.log.map(({ message }) => message),
    ['state-directory-unusable'],
  );
  const result = await store.save(one);
  assert.ok(!result.ok && result.failure.code === 'ENOTDIR');
  assert.match(result.failure.message, /not a directory \(ENOTDIR\)$/);
  assert.equal(readFileSync(directory.path, 'utf8'), 'precious');
});

test('the order of a save: data to the disk, then the name, then the name to the disk', async () => {
  const directory = stateDirectory();
  const done: string[] = [];
  const store = directory.open(hookFs((operation, phase) => phase === 'after' && done.push(operation)));
  await store.load();
  done.length = 0;
  await store.save(one);
  const data = ['open directory', 'open file', 'write file', 'sync file', 'close file'];
  assert.deepEqual(done, [...data, 'rename', 'sync directory', 'close directory']);
});

test('one call at a time, and a load before them: anything else is a mistake of ours', async () => {
  const directory = stateDirectory();
  const store = directory.open();
  await assert.rejects(store.save(one), /loaded before/);
  const loading = store.load();
  await assert.rejects(store.load(), /loaded once/);
  await assert.rejects(store.save(one), /loaded before/);
  await loading;
  await assert.rejects(store.load(), /loaded once/);
  const saving = store.save(one);
  await assert.rejects(store.save(two), /one save at a time/);
  assert.deepEqual(await saving, { ok: true });
  assert.deepEqual(await store.save(two), { ok: true });
});

test('a value that a later load would refuse for its size is refused now', async () => {
  const directory = stateDirectory();
  const store = directory.open();
  await store.load();
  await store.save(one);
  const result = await store.save(numberedOverrides(199, 50_000));
  assert.ok(!result.ok && result.failure.code === 'EFBIG' && result.failure.fileHolds === 'old');
  assert.match(result.failure.message, /bytes are more than 16777216/);
  assert.deepEqual(await directory.open().load(), one);
});

test('what a crash left is removed at load; files of others are not', async () => {
  const directory = stateDirectory();
  directory.write(formatOverrides(one));
  const others = ['overrides.json.tmp-', 'overrides.json.tmp-0123456789ABCDEF', 'notes', `${asideName}`];
  for (const name of [
    ...others,
    'overrides.json.tmp-0123456789abcdef',
    'overrides.json.tmp-ffffffffffffffff',
  ]) {
    writeFileSync(join(directory.path, name), 'x');
  }
  assert.deepEqual(await directory.open().load(), one);
  assert.deepEqual(directory.names(), [...others, 'overrides.json'].sort());
  assert.deepEqual(directory.log, []);
});

test('content that cannot be read is moved aside, and nothing is overwritten', async () => {
  const directory = stateDirectory();
  const table: [content: string, why: string][] = [
    ['', 'it is empty'],
    ['nonsense', 'it is not JSON'],
    [formatOverrides(one).replace('"version": 1', '"version": 7'), 'its version is 7, not 1'],
  ];
  for (const [index, [content, why]] of table.entries()) {
    directory.write(content);
    const store = directory.open();
    assert.deepEqual(await store.load(), noOverrides);
    const name = index === 0 ? asideName : `${asideName}-${index}`;
    const movedTo = join(directory.path, name);
    const attributes = { file: directory.file, movedTo, error: `cannot be read: ${why}` };
    assert.deepEqual(directory.log.at(-1), { level: 'error', message: 'overrides-moved-aside', attributes });
    assert.equal(readFileSync(movedTo, 'utf8'), content);
    assert.deepEqual(await store.save(two), { ok: true });
    assert.deepEqual(await directory.open().load(), two);
  }
  assert.equal(directory.names().length, 1 + table.length);
});

test('when every name is taken the file stays, and is not saved over', async () => {
  const directory = stateDirectory();
  for (let tries = 0; tries < 100; tries += 1) {
    writeFileSync(join(directory.path, tries === 0 ? asideName : `${asideName}-${tries}`), String(tries));
  }
  directory.write('nonsense');
  const store = directory.open();
  assert.deepEqual(await store.load(), noOverrides);
  const why = 'every name for it is taken';
  const error = `${directory.file} cannot be read (it is not JSON) and cannot be moved aside: ${why}`;
  assert.deepEqual(directory.log, [{ level: 'error', message: 'overrides-stuck', attributes: { error } }]);
  const failure = { code: 'EEXIST', message: error, fileHolds: 'old' };
  assert.deepEqual(await store.save(one), { ok: false, failure });
  assert.equal(directory.content(), 'nonsense');
  assert.equal(readFileSync(join(directory.path, asideName), 'utf8'), '0');
});

test('what is no regular file is moved aside as it is', async () => {
  const makers: [(path: string, elsewhere: string) => void, why: string][] = [
    [(path) => mkdirSync(path), 'it is not a regular file'],
    [(path) => execFileSync('mkfifo', [path]), 'it is not a regular file'],
    [(path, elsewhere) => symlinkSync(elsewhere, path), 'it is a symbolic link'],
    [(path) => symlinkSync('nowhere', path), 'it is a symbolic link'],
    [(path) => symlinkSync('/dev/zero', path), 'it is a symbolic link'],
  ];
  for (const [make, why] of makers) {
    const directory = stateDirectory();
    const elsewhere = join(directory.path, 'elsewhere');
    writeFileSync(elsewhere, formatOverrides(one));
    make(directory.file, elsewhere);
    const store = directory.open();
    assert.deepEqual(await store.load(), noOverrides);
    assert.equal(directory.log[0]?.attributes['error'], `cannot be read: ${why}`);
    assert.deepEqual(directory.names(), ['elsewhere', asideName]);
    assert.deepEqual(await store.save(two), { ok: true });
    assert.equal(
      readFileSync(elsewhere, 'utf8'),
      formatOverrides(one),
      'what a link points to is left alone',
    );
    assert.deepEqual(await directory.open().load(), two);
  }
});

test('a file beyond the limit is not read into memory, but moved aside', async () => {
  const directory = stateDirectory();
  directory.write('');
  truncateSync(directory.file, 1e12);
  assert.deepEqual(await directory.open().load(), noOverrides);
  assert.equal(
    directory.log[0]?.attributes['error'],
    'cannot be read: its 1000000000000 bytes are more than 16777216',
  );
  assert.equal(statSync(join(directory.path, asideName)).size, 1e12);
});

test('a directory that appears in the file place later fails the save and nothing else', async () => {
  const directory = stateDirectory();
  const store = directory.open();
  await store.load();
  mkdirSync(directory.file);
  const result = await store.save(one);
  assert.ok(!result.ok && result.failure.code === 'EISDIR');
  assert.deepEqual(directory.names(), ['overrides.json']);
  assert.deepEqual(directory.log, []);
});

// Overrides on disks that are full, read-only or somebody else's: real ones, no injected errors.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatOverrides } from '../../src/overrides/file-format.ts';
import { noOverrides } from '../../src/overrides/overrides.ts';
import type { SaveResult } from '../../src/overrides/store.ts';
import { numberedOverrides } from '../support/numbered-overrides.ts';
import { asideName, createStateDirectory } from '../support/overrides-directory.ts';
import { mountTmpfs, tmpfsSkip } from '../support/tmpfs.ts';

const skip = tmpfsSkip();
const one = numberedOverrides(1);
/** Larger than `one` by several pages. */
const many = numberedOverrides(199, 100);

function failureOf(result: SaveResult): { code: string; message: string; fileHolds: string } {
  assert.ok(!result.ok, 'the save fails');
  return result.failure;
}

/** Fills the file system of a directory but for so many pages. */
function fill(directory: string, pagesLeft: number): string {
  const filler = join(directory, 'filler');
  const { bfree, bsize } = statfsSync(directory);
  writeFileSync(filler, Buffer.alloc((bfree - pagesLeft) * bsize));
  assert.equal(statfsSync(directory).bfree, pagesLeft);
  return filler;
}

test('a full disk: the save fails in words, the old value stands, and room is all it takes', {
  skip,
}, async () => {
  const pages = (bytes: number) => Math.ceil(bytes / 4096);
  const needed = pages(Buffer.byteLength(formatOverrides(many)));
  assert.ok(needed >= 4);
  const tmpfs = mountTmpfs({ bytes: 64 * 4096 });
  try {
    const directory = createStateDirectory(tmpfs.path);
    const store = directory.open();
    await store.load();
    assert.deepEqual(await store.save(one), { ok: true });
    for (let pagesLeft = 0; pagesLeft < needed; pagesLeft += 1) {
      const filler = fill(tmpfs.path, pagesLeft);
      const { code, message, fileHolds } = failureOf(await store.save(many));
      assert.equal(message, `cannot write ${directory.file}: no space left on device (ENOSPC)`);
      assert.deepEqual([code, fileHolds], ['ENOSPC', 'old']);
      assert.deepEqual(directory.names(), ['filler', 'overrides.json'], 'no temporary file stays');
      assert.equal(directory.content(), formatOverrides(one));
      assert.deepEqual(await directory.open().load(), one);
      rmSync(filler);
    }
    fill(tmpfs.path, needed);
    assert.deepEqual(await store.save(many), { ok: true });
    assert.deepEqual(await directory.open().load(), many);
    assert.deepEqual(directory.log, []);
  } finally {
    tmpfs.unmount();
  }
});

test('a disk without room for another file', { skip }, async () => {
  // The root directory, overrides.json and its successor.
  const tmpfs = mountTmpfs({ bytes: 64 * 4096, inodes: 3 });
  try {
    const directory = createStateDirectory(tmpfs.path);
    const store = directory.open();
    await store.load();
    assert.deepEqual(await store.save(one), { ok: true });
    writeFileSync(join(tmpfs.path, 'filler'), '');
    assert.equal(failureOf(await store.save(many)).code, 'ENOSPC');
    assert.deepEqual(directory.names(), ['filler', 'overrides.json']);
    rmSync(join(tmpfs.path, 'filler'));
    assert.deepEqual(await store.save(many), { ok: true });
    assert.deepEqual(await directory.open().load(), many);
  } finally {
    tmpfs.unmount();
  }
});

test('a read-only disk: the save fails in words, the load works', { skip }, async () => {
  const tmpfs = mountTmpfs({ bytes: 64 * 4096 });
  try {
    const directory = createStateDirectory(tmpfs.path);
    const store = directory.open();
    await store.load();
    await store.save(one);
    tmpfs.remount('ro');
    const message = `cannot write ${directory.file}: read-only file system (EROFS)`;
    assert.deepEqual(failureOf(await store.save(many)), { code: 'EROFS', message, fileHolds: 'old' });
    const restarted = directory.open();
    assert.deepEqual(await restarted.load(), one);
    assert.deepEqual(failureOf(await restarted.save(many)), { code: 'EROFS', message, fileHolds: 'old' });
    assert.deepEqual(directory.log, []);
    tmpfs.remount('rw');
    assert.deepEqual(await restarted.save(many), { ok: true });
    assert.deepEqual(await directory.open().load(), many);
  } finally {
    tmpfs.unmount();
  }
});

test('nonsense on a read-only disk stays, and is moved aside before the first save', { skip }, async () => {
  const tmpfs = mountTmpfs({ bytes: 64 * 4096 });
  try {
    const directory = createStateDirectory(tmpfs.path);
    directory.write('nonsense');
    writeFileSync(join(tmpfs.path, 'overrides.json.tmp-0123456789abcdef'), '');
    tmpfs.remount('ro');
    const store = directory.open();
    assert.deepEqual(await store.load(), noOverrides);
    const error =
      `${directory.file} cannot be read (it is not JSON) and cannot be moved aside: ` +
      'read-only file system (EROFS)';
    const [left, stuck] = directory.log;
    assert.equal(left?.message, 'temporary-file-left');
    assert.deepEqual(stuck, { level: 'error', message: 'overrides-stuck', attributes: { error } });
    for (let time = 0; time < 2; time += 1) {
      const failure = failureOf(await store.save(one));
      assert.deepEqual(failure, { code: 'EROFS', message: error, fileHolds: 'old' });
    }
    tmpfs.remount('rw');
    assert.deepEqual(await store.save(one), { ok: true });
    assert.equal(directory.log.at(-1)?.message, 'overrides-moved-aside');
    assert.equal(readFileSync(join(tmpfs.path, asideName), 'utf8'), 'nonsense');
    assert.deepEqual(await directory.open().load(), one);
  } finally {
    tmpfs.unmount();
  }
});

const nobody = 65_534;

/** Runs `act` without root's power over other people's files. */
async function asNobody<T>(act: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return await act();
  process.seteuid?.(nobody);
  try {
    return await act();
  } finally {
    process.seteuid?.(0);
  }
}

/** A directory that belongs to whoever `asNobody` is. */
function ownedDirectory() {
  const directory = createStateDirectory();
  if (process.getuid?.() === 0) chownSync(directory.path, nobody, nobody);
  return directory;
}

test('a directory that may not be written', async () => {
  const directory = ownedDirectory();
  try {
    directory.write(formatOverrides(one));
    chmodSync(directory.path, 0o555);
    const store = directory.open();
    await asNobody(async () => {
      assert.deepEqual(await store.load(), one);
      const { code, message } = failureOf(await store.save(many));
      assert.equal(code, 'EACCES');
      assert.equal(message, `cannot write ${directory.file}: permission denied (EACCES)`);
    });
    assert.equal(directory.content(), formatOverrides(one));
    chmodSync(directory.path, 0o755);
    await asNobody(async () => assert.deepEqual(await store.save(many), { ok: true }));
    assert.deepEqual(await directory.open().load(), many);
    assert.deepEqual(directory.log, []);
  } finally {
    directory.remove();
  }
});

test('a file that may not be read is moved aside where the directory allows it', async () => {
  const directory = ownedDirectory();
  try {
    directory.write(formatOverrides(one));
    chmodSync(directory.file, 0);
    const store = directory.open();
    await asNobody(async () => {
      assert.deepEqual(await store.load(), noOverrides);
      assert.deepEqual(await store.save(many), { ok: true });
    });
    assert.equal(directory.log[0]?.attributes['error'], 'cannot be read: permission denied (EACCES)');
    chmodSync(join(directory.path, asideName), 0o600);
    assert.equal(readFileSync(join(directory.path, asideName), 'utf8'), formatOverrides(one));
    assert.deepEqual(await directory.open().load(), many);
  } finally {
    directory.remove();
  }
});

test('a file that may neither be read nor moved is not saved over until it can be', async () => {
  const directory = ownedDirectory();
  try {
    directory.write(formatOverrides(one));
    chmodSync(directory.file, 0);
    chmodSync(directory.path, 0o555);
    const store = directory.open();
    const message =
      `${directory.file} cannot be read (permission denied (EACCES)) and cannot be moved aside: ` +
      'permission denied (EACCES)';
    await asNobody(async () => {
      assert.deepEqual(await store.load(), noOverrides);
      assert.deepEqual(failureOf(await store.save(many)), { code: 'EACCES', message, fileHolds: 'old' });
    });
    assert.deepEqual(
      directory.log.map((line) => line.message),
      ['overrides-stuck'],
    );
    assert.deepEqual(directory.names(), ['overrides.json']);
    chmodSync(directory.path, 0o755);
    await asNobody(async () => assert.deepEqual(await store.save(many), { ok: true }));
    chmodSync(join(directory.path, asideName), 0o600);
    assert.equal(readFileSync(join(directory.path, asideName), 'utf8'), formatOverrides(one));
    assert.deepEqual(await directory.open().load(), many);
  } finally {
    chmodSync(directory.path, 0o755);
    directory.remove();
  }
});

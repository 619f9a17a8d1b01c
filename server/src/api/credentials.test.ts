import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authEntryCountMax, authErrorCountMax } from '../lib/limits.ts';
import {
  formatSecretHash,
  formatToken,
  parseCredentials,
  parseSecretHash,
  tokenName,
} from './credentials.ts';

const salt = Buffer.alloc(16, 1);
const hash = Buffer.alloc(32, 2);
const secret = { logCost: 15, blockSize: 8, parallelism: 1, salt, hash };
const phc = formatSecretHash(secret);

test('entries, comments and blank lines; any white space; the same name in two kinds', () => {
  const text = [
    '# who may change what',
    '',
    `alice\toperator   password ${phc}\r`,
    `  bob viewer password ${phc} # until May`,
    `alice viewer token ${phc}`,
    'CN_ops/1 operator certificate',
    '   # end',
  ].join('\n');
  const result = parseCredentials(text);
  assert.ok(result.ok);
  const { passwords, tokens, certificates } = result.credentials;
  assert.deepEqual(
    [...passwords],
    [
      ['alice', { role: 'operator', secret }],
      ['bob', { role: 'viewer', secret }],
    ],
  );
  assert.deepEqual([...tokens], [['alice', { role: 'viewer', secret }]]);
  assert.deepEqual([...certificates], [['CN_ops/1', 'operator']]);
});

test('every fault is told, with its line and what to do', () => {
  const text = [
    `alice admin password ${phc}`,
    `alice operator pasword ${phc}`,
    `alice operator password ${phc}`,
    `alice viewer password ${phc}`,
    'bob operator password',
    'bob operator password hunter2',
    'bob',
    `bob operator password ${phc} more`,
    `a:b operator password ${phc}`,
    `x operator certificate ${phc}`,
    'zoë operator certificate',
  ].join('\n');
  const result = parseCredentials(text);
  assert.ok(!result.ok);
  const expected: readonly (readonly [number, RegExp])[] = [
    [1, /^"admin" is no role: write viewer or operator$/],
    [2, /^"pasword" is no kind of credential: write password, token or certificate$/],
    [4, /^password alice is already on line 3: keep one of them$/],
    [5, /^a password needs its hash: maglevd hash-password makes it$/],
    [6, /^the hash is not "\$scrypt\$ln=15,r=8,p=1\$salt\$hash": make the entry anew/],
    [7, /^an entry is "name role kind \[hash\]"/],
    [8, /^an entry is "name role kind \[hash\]"/],
    [9, /^"a:b" is no name of a credential: up to 63 letters/],
    [10, /^a certificate has no hash/],
    [11, /^a certificate's name has at most 128 characters, all ASCII$/],
  ];
  assert.deepEqual(
    result.faults.map(({ line }) => line),
    expected.map(([line]) => line),
  );
  for (const [index, [, message]] of expected.entries()) {
    assert.match(result.faults[index]?.message ?? '', message);
    // A file is often wrong because a password stands where its hash should.
    assert.doesNotMatch(result.faults[index]?.message ?? '', /hunter2/);
  }
});

const hashes: readonly (readonly [string, RegExp])[] = [
  [phc.replace('ln=15', 'ln=9'), /too cheap: ln=9 must be at least 10/],
  [phc.replace('ln=15', 'ln=19'), /costs too much/],
  [phc.replace('r=8', 'r=33'), /costs too much/],
  [phc.replace('ln=15,r=8', 'ln=18,r=8'), /costs too much: ln at most 18, r 32, p 4, and 128 MiB/],
  [phc.replace('p=1', 'p=5'), /costs too much/],
  [phc.replace('r=8', 'r=0'), /r or p of 0/],
  [phc.replace('ln=15', 'ln=999'), /the hash is not/],
  [phc.slice(0, -2), /cut off or garbled/],
  [phc.slice(0, -30), /cut off or garbled/],
  [`${phc}=`, /the hash is not/],
  [phc.replace('scrypt', 'argon2id'), /the hash is not/],
];
for (const [text, fault] of hashes) {
  test(`no hash: ${text}`, () => {
    const result = parseSecretHash(text);
    assert.ok(typeof result === 'string', 'was taken');
    assert.match(result, fault);
  });
}

test('a file is bounded in entries and in faults', () => {
  const entries = Array.from({ length: authEntryCountMax + 1 }, (_, index) => `c${index} viewer certificate`);
  assert.ok(parseCredentials(entries.slice(1).join('\n')).ok);
  const result = parseCredentials(entries.join('\n'));
  assert.ok(!result.ok);
  assert.deepEqual(result.faults, [{ line: 1001, message: 'more than 1000 entries: remove some' }]);
  const faulty = parseCredentials('x\n'.repeat(10_000));
  assert.equal(faulty.ok ? 0 : faulty.faults.length, authErrorCountMax);
});

test('a token tells its name, whatever its random part looks like', () => {
  for (const fill of [0, 0xff, 0xfb]) {
    for (const name of ['a', 'deploy', 'a_b-c.d@e', 'x'.repeat(63)]) {
      assert.equal(tokenName(formatToken(name, Buffer.alloc(32, fill))), name);
    }
  }
  const token = formatToken('deploy', Buffer.alloc(32));
  for (const text of [token.slice(1), token.slice(0, -1), `${token}A`.replace('deploy', ''), 'mglv_', '']) {
    assert.notEqual(tokenName(text), 'deploy');
  }
  assert.equal(tokenName(`mglv_${'x'.repeat(64)}_${'A'.repeat(43)}`), undefined);
});

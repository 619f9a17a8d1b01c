import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configFileBytesMax } from '../lib/limits.ts';
import type { Config, ConfigResult } from './config.ts';
import { parseConfig, parseConfigBytes } from './parse.ts';
import type { CaFileResult } from './readers.ts';
import { checkExitCode, reportLines } from './report.ts';

const minimal = 'maglev:\n  backends:\n    a: { address: 192.0.2.10 }\n';

function parsed(result: ConfigResult): Config {
  assert.ok(result.ok, reportLines(result, 'file').join('\n'));
  return result.config;
}

function refused(bytes: Uint8Array): readonly string[] {
  const result = parseConfigBytes(bytes);
  assert.equal(checkExitCode(result), 1);
  return reportLines(result, 'file');
}

const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))));

test('what is not UTF-8 is refused with the place of the first wrong byte', () => {
  const table: readonly (readonly [Uint8Array, string])[] = [
    [bytes([0xff, 0xfe], 'm\0'), 'byte 0xff does not belong here (line 1, column 1)'],
    [bytes('maglev: # caf', [0xe9], '\n'), 'byte 0xe9 does not belong here (line 1, column 14)'],
    [bytes('a: 1\nü: ', [0x80]), 'byte 0x80 does not belong here (line 2, column 4)'],
    [bytes('a: ', [0xc0, 0xaf]), 'byte 0xc0 does not belong here (line 1, column 4)'],
    [bytes('a: ', [0xed, 0xa0, 0x80]), 'byte 0xed does not belong here (line 1, column 4)'],
    [bytes('a: \ufffd', [0xf5]), 'byte 0xf5 does not belong here (line 1, column 5)'],
  ];
  for (const [input, message] of table) assert.deepEqual(refused(input), [`file: not UTF-8: ${message}`]);
  // Cut short: the place is that of the character, which byte of it is named does not matter.
  assert.match(refused(bytes('a: ', [0xe2, 0x82]))[0] ?? '', /^file: not UTF-8: .*\(line 1, column 4\)$/);
  assert.match(
    refused(bytes('a: ', [0xef, 0xbf], ' b'))[0] ?? '',
    /^file: not UTF-8: .*\(line 1, column 4\)$/,
  );
});

test('NUL, a file of zeros and a file that is too long are refused', () => {
  assert.deepEqual(refused(bytes('maglev:\0\n')), [
    'file: not YAML: character U+0000 is not allowed (line 1, column 8)',
  ]);
  assert.deepEqual(refused(new Uint8Array(4096)), [
    'file: not YAML: character U+0000 is not allowed (line 1, column 1)',
  ]);
  assert.deepEqual(refused(new Uint8Array(configFileBytesMax + 1)), ['file: is longer than 16777216 bytes']);
});

test('a byte order mark, and line ends of other systems, change nothing', () => {
  const expected = parsed(parseConfig(minimal));
  assert.deepEqual(parsed(parseConfigBytes(bytes([0xef, 0xbb, 0xbf], minimal))), expected);
  assert.deepEqual(parsed(parseConfig(minimal.replaceAll('\n', '\r\n'))), expected);
  const wrong = `\ufeff${minimal.replaceAll('\n', '\r\n')}    b: { address: 1 }\r\n`;
  assert.deepEqual(reportLines(parseConfig(wrong), 'file'), [
    'maglev.backends.b.address: must be a string such as `192.0.2.10`, is the number `1` (line 4, column 19)',
  ]);
});

test('an empty file is an error, an empty section is not: a file cut short must not clear VPP', () => {
  assert.equal(checkExitCode(parseConfigBytes(new Uint8Array(0))), 2);
  assert.equal(checkExitCode(parseConfig('maglev:')), 0);
});

test('a configuration cannot be changed, however deep', () => {
  const config = parsed(parseConfig(minimal));
  assert.throws(() => Object.assign(config.lb, { flowTimeoutMs: 1 }), TypeError);
  const backends = config.backends as Map<string, unknown>;
  assert.throws(() => backends.set('b', {}), /cannot be changed/);
  assert.throws(() => backends.delete('a'), /cannot be changed/);
  assert.throws(() => backends.clear(), /cannot be changed/);
  assert.throws(() => Object.assign(backends.get('a') ?? {}, { enabled: false }), TypeError);
  assert.deepEqual([...config.backends.keys()], ['a']);
});

test('a ca-file is read once, where it is named, and only for types that take it', () => {
  const asked: string[] = [];
  const readCaFile = (path: string): CaFileResult => {
    asked.push(path);
    return path === '/good.pem' ? { ok: true, pem: 'PEM' } : { ok: false, reason: 'is a directory' };
  };
  const check = (type: string, path: string) => `{ type: ${type}, port: 443, params: { ca-file: ${path} } }`;
  const file = (...checks: string[]) =>
    `maglev:\n  healthchecks:\n${checks.map((text, index) => `    c${index}: ${text}\n`).join('')}`;
  const good = parsed(
    parseConfig(file(check('https', '/good.pem'), check('https', '/good.pem')), { readCaFile }),
  );
  const [first] = good.healthchecks.values();
  assert.ok(first?.type === 'https');
  assert.deepEqual(first.tls, { insecureSkipVerify: false, caFile: '/good.pem', caPem: 'PEM' });
  const bad = parseConfig(file(check('https', '/bad.pem'), check('http', '/worse.pem')), { readCaFile });
  assert.ok(!bad.ok);
  assert.equal(bad.errors[0]?.message, '`/bad.pem` is a directory');
  assert.deepEqual(asked, ['/good.pem', '/bad.pem']);
  const unread = parsed(parseConfig(file(check('https', '/bad.pem'))));
  const [only] = unread.healthchecks.values();
  assert.ok(only?.type === 'https');
  assert.deepEqual(only.tls, { insecureSkipVerify: false, caFile: '/bad.pem' });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as assertProperty, nat, property, string } from 'fast-check';
import stringWidth from 'string-width';
import { sanitize, sanitizeJson } from './sanitize.ts';
import { cut, pad, widthOf } from './width.ts';

test('width is what string-width says, for what operators write', () => {
  for (const text of [
    '',
    'plain',
    '● up',
    '○ standby',
    '‖',
    '⊘',
    '▲',
    '…',
    'Zürich',
    'e\u0301',
    '網站',
    'ﾊﾝ',
    'ＡＢ',
    '한국',
    '🚀',
  ]) {
    assert.equal(widthOf(text), stringWidth(text), JSON.stringify(text));
  }
});

test('long text keeps its end or both ends', () => {
  assert.equal(cut('nginx0-ams-backend', 9, 'middle', '…'), 'ngin…kend');
  assert.equal(cut('a long story', 7, 'end', '…'), 'a long…');
  assert.equal(cut('short', 7, 'end', '…'), 'short');
  assert.equal(cut('網站網站', 5, 'end', '…'), '網站…');
  assert.equal(cut('abc', 0, 'end', '…'), '');
});

test('property: cut and padded text has its width', () => {
  assertProperty(
    property(string({ unit: 'grapheme' }), nat(20), (text, columns) => {
      const clean = sanitize(text);
      for (const how of ['middle', 'end'] as const) {
        const fitted = cut(clean, columns, how, '…');
        assert.ok(widthOf(fitted) <= columns);
        assert.equal(widthOf(pad(fitted, columns, 'right')), columns);
      }
    }),
  );
});

test('property: nothing that a terminal obeys is left', () => {
  assertProperty(
    property(string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(sanitize(text), /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
      const json = sanitizeJson(JSON.stringify({ text }, null, 2));
      assert.doesNotMatch(json.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
      assert.deepEqual(JSON.parse(json), { text });
    }),
  );
  assert.equal(sanitize('a\x1b[2J\x9b\u202e\u{e0001}'), 'a\\x1b[2J\\x9b\\u202e\\u{e0001}');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { detailLengthMax } from '../lib/limits.ts';
import { cleanDetail, quoteBytes } from './detail.ts';

test('bytes are quoted: printable ASCII as it is, the rest escaped, the end cut', () => {
  const quote = (text: string) => quoteBytes(Buffer.from(text, 'latin1'), 0, text.length);
  assert.equal(quote(''), '""');
  assert.equal(quote('HTTP/1.1 200 OK'), '"HTTP/1.1 200 OK"');
  assert.equal(quote('a"b\\c'), '"a\\x22b\\x5cc"');
  assert.equal(quote('\x00\t\x1b\x7f\xff'), '"\\x00\\x09\\x1b\\x7f\\xff"');
  assert.equal(quote('x'.repeat(40)), `"${'x'.repeat(40)}"`);
  assert.equal(quote('x'.repeat(41)), `"${'x'.repeat(40)}"...`);
  assert.equal(quoteBytes(Buffer.from('abcdef'), 2, 4), '"cd"');
});

test('details are one printable line of bounded length', () => {
  assert.equal(cleanDetail('certificate is for münchen.example'), 'certificate is for münchen.example');
  assert.equal(cleanDetail('a\nb\u2028c\u202ed\ud800'), 'a\\u{a}b\\u{2028}c\\u{202e}d\\u{d800}');
  assert.equal(cleanDetail('x'.repeat(256)).length, 256);
  assert.equal(cleanDetail('x'.repeat(257)), `${'x'.repeat(253)}...`);
  assert.equal(cleanDetail(`${'x'.repeat(252)}😀😀😀`), `${'x'.repeat(252)}...`);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => {
      const clean = cleanDetail(text);
      assert.ok(clean.length <= detailLengthMax);
      assert.ok(clean.isWellFormed());
      assert.doesNotMatch(clean, /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
    }),
    { numRuns: 30 },
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entityTag, namesTag } from './entity-tag.ts';

test('the same bytes have the same tag, others another one', () => {
  assert.match(entityTag('a'), /^"[A-Za-z0-9_-]{27}"$/);
  assert.equal(entityTag('a'), entityTag('a'));
  assert.notEqual(entityTag('a'), entityTag('b'));
});

test('a header names a tag alone, in a list, weakly, or by the star', () => {
  const tag = entityTag('a');
  for (const header of [tag, ` ${tag} `, `"x", ${tag}`, `W/${tag}`, '*']) {
    assert.equal(namesTag(header, tag), true, header);
  }
  for (const header of [undefined, '', '"x"', tag.slice(1, -1)]) {
    assert.equal(namesTag(header, tag), false, String(header));
  }
});

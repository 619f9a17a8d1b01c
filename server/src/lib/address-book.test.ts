import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressBook } from './address-book.ts';
import { addressBookMax } from './limits.ts';

test('one value for one address, from whatever it comes', () => {
  const book = new AddressBook();
  const four = book.fromText('10.0.0.1');
  assert.equal(book.fromBytes(Uint8Array.of(10, 0, 0, 1)), four);
  const six = book.fromText('2001:db8::1');
  assert.equal(book.fromBytes(six.bytes.slice()), six);
  assert.deepEqual([four.family, six.family], [4, 6]);
});

test('bytes are copied: what they were read from may go', () => {
  const book = new AddressBook();
  const bytes = Uint8Array.of(10, 0, 0, 2);
  const address = book.fromBytes(bytes);
  bytes.fill(0);
  assert.deepEqual([address.text, ...address.bytes], ['10.0.0.2', 10, 0, 0, 2]);
});

test('it does not grow without end', () => {
  const book = new AddressBook();
  const first = book.fromText('10.0.0.1');
  for (let index = 0; index < addressBookMax; index++) {
    book.fromBytes(Uint8Array.of(11, index >> 16, (index >> 8) & 255, index & 255));
  }
  assert.notEqual(book.fromText('10.0.0.1'), first, 'forgotten meanwhile');
  assert.deepEqual(book.fromText('10.0.0.1'), first);
});

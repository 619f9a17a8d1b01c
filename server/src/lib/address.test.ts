import assert from 'node:assert/strict';
import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Address, byAddress, parseAddress } from './address.ts';

function parsed(text: string): Address {
  const result = parseAddress(text);
  assert.ok(result.ok, `${text}: ${result.ok ? '' : result.reason}`);
  return result.address;
}

test('canonical text and bytes', () => {
  const table: readonly (readonly [string, string, string])[] = [
    ['0.0.0.0', '0.0.0.0', '00000000'],
    ['192.0.2.255', '192.0.2.255', 'c00002ff'],
    ['::', '::', '00000000000000000000000000000000'],
    ['::1', '::1', '00000000000000000000000000000001'],
    ['1::', '1::', '00010000000000000000000000000000'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1', '20010db8000000000000000000000001'],
    ['2001:0db8::0001', '2001:db8::1', '20010db8000000000000000000000001'],
    // RFC 5952, 4.2.2: one zero group is not shortened; 4.2.3: the longest run, of equals the first.
    ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1', '20010db8000000010001000100010001'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1', '20010000000000010000000000000001'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1', '20010db8000000000001000000000001'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0', '00010002000300040005000600070000'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8', '00000002000300040005000600070008'],
    ['::c000:201', '::c000:201', '000000000000000000000000c0000201'],
  ];
  for (const [text, canonical, hexadecimal] of table) {
    const address = parsed(text);
    assert.equal(address.text, canonical);
    assert.equal(Buffer.from(address.bytes).toString('hex'), hexadecimal);
    assert.equal(address.family, text.includes(':') ? 6 : 4);
  }
});

test('what is not exactly one address is refused', () => {
  const not = 'is not an IPv4 or IPv6 address';
  const table: readonly (readonly [string, string])[] = [
    ['', 'is empty'],
    ['1.2.3', not],
    ['1.2.3.4.5', not],
    ['1.2.3.256', not],
    ['1.2.3.4 ', not],
    ['0x7f.0.0.1', not],
    ['2130706433', not],
    ['1.2.3.', not],
    ['١.2.3.4', not],
    ['1.2.3.04', 'has a leading zero, which some programs read as octal'],
    ['00.0.0.0', 'has a leading zero, which some programs read as octal'],
    ['1.2.3.4/32', 'has a prefix length: give the address alone'],
    ['::1/128', 'has a prefix length: give the address alone'],
    ['fe80::1%lo', 'has a zone: only addresses without one are taken'],
    ['1.2.3.4:80', 'has a port: give the address alone'],
    ['[::1]', 'has brackets: give the address alone'],
    ['[::1]:80', 'has brackets: give the address alone'],
    [':', not],
    [':::', not],
    ['1:2:3:4:5:6:7', not],
    ['1:2:3:4:5:6:7:8:9', not],
    ['1:2:3:4:5:6:7::8', not],
    ['1::2::3', not],
    ['12345::', not],
    ['g::', not],
    ['1:2:3:4:5:6:7:', not],
    [':1:2:3:4:5:6:7', not],
    ['0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0', not],
    ['::ffff:1.2.3.4', 'mixes IPv6 with dotted IPv4: write one or the other'],
    ['64:ff9b::1.2.3.4', 'mixes IPv6 with dotted IPv4: write one or the other'],
    ['::ffff:102:304', 'is an IPv4 address mapped to IPv6: write 1.2.3.4'],
    ['0:0:0:0:0:FFFF:0102:0304', 'is an IPv4 address mapped to IPv6: write 1.2.3.4'],
  ];
  for (const [text, reason] of table) assert.deepEqual(parseAddress(text), { ok: false, reason }, text);
});

const groups = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
  minLength: 8,
  maxLength: 8,
});
const octets = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 4, maxLength: 4 });

test('any address in any spelling gives the text that the system gives', () => {
  fc.assert(
    fc.property(groups, (numbers) => {
      // Mapped addresses are refused, and `::/96` is spelled with dots by the system.
      fc.pre(numbers.slice(0, 5).some((group) => group !== 0));
      const spelled = numbers.map((group) => group.toString(16).padStart(4, '0').toUpperCase()).join(':');
      const { text } = parsed(spelled);
      assert.equal(text, new SocketAddress({ address: spelled, family: 'ipv6' }).address);
      assert.equal(parsed(text).text, text);
    }),
  );
  fc.assert(
    fc.property(octets, (numbers) => {
      const { text, bytes } = parsed(numbers.join('.'));
      assert.equal(text, numbers.join('.'));
      assert.deepEqual([...bytes], numbers);
    }),
  );
});

test('what is taken is an address to the system too', () => {
  const nearly = fc.stringMatching(/^[0-9a-f:.%]{1,20}$/);
  fc.assert(
    fc.property(fc.oneof(fc.string(), nearly), (text) => {
      const result = parseAddress(text);
      if (result.ok) assert.ok(result.address.family === 4 ? isIPv4(text) : isIPv6(text), text);
    }),
  );
});

test('IPv4 comes first, then numbers decide', () => {
  const sorted = ['2.0.0.0', '10.0.0.1', '10.0.0.2', '::1', '9::', 'a::', '10::', 'ffff::'];
  const shuffled = [...sorted].sort().reverse();
  assert.notDeepEqual(shuffled, sorted);
  assert.deepEqual(
    shuffled
      .map(parsed)
      .sort(byAddress)
      .map(({ text }) => text),
    sorted,
  );
  assert.equal(byAddress(parsed('::1'), parsed('0:0::1')), 0);
});

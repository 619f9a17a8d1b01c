import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseVipsVerbose } from './lb-text.ts';

const counters = `  counters:
    packet from existing sessions: 3
    first session packet: 200
    untracked packet: 0
    no server configured: 0
`;
const perPort = ` ip4-gre4 [9] 10.20.0.1/32 src_ip_sticky
  new_size:1024
  protocol:17 port:5000
${counters}  #as:2
    10.10.2.12 weight:50 buckets:512 flows:100 dpo:75 used
    10.10.2.11 weight:50 buckets:0 flows:49 dpo:39  removed
`;
const allPorts = ` ip6-gre6 [12] 2001:db8:0:0:1::1/128
  new_size:1048576
${counters}  #as:0
`;
const removed = ` ip4-gre4 [3] 10.20.0.1/32 removed
  new_size:1024
  protocol:6 port:80
${counters}  #as:0
`;

test('a record has pool index, stickiness and table length', () => {
  assert.deepEqual(parseVipsVerbose(perPort), [
    {
      prefix: '10.20.0.1/32',
      protocol: 17,
      port: 5000,
      index: 9,
      srcIpSticky: true,
      newFlowsTableLength: 1024,
    },
  ]);
});

test('a VIP of all ports has no line for them; an IPv6 prefix is as we write it', () => {
  assert.deepEqual(parseVipsVerbose(allPorts), [
    {
      prefix: '2001:db8::1:0:0:1/128',
      protocol: 255,
      port: 0,
      index: 12,
      srcIpSticky: false,
      newFlowsTableLength: 1048576,
    },
  ]);
});

test('what was removed is left out, but not what only has a removed server', () => {
  const indexes = (text: string) => parseVipsVerbose(text)?.map(({ index }) => index);
  assert.deepEqual(indexes([removed, perPort, '', allPorts].join('\n')), [9, 12]);
  assert.deepEqual(indexes(removed), []);
  assert.deepEqual(indexes(''), []);
  assert.deepEqual(indexes('\n\n'), []);
});

test('a VIP with another encapsulation is read, too', () => {
  const nat = ` ip4-nat4 [4] 10.1.0.6/32
  new_size:2048
  protocol:17 port:3306  type:clusterip port:59916 target_port:3307  counters:
    packet from existing sessions: 0
`;
  const [one] = parseVipsVerbose(nat) ?? [];
  assert.deepEqual([one?.protocol, one?.port, one?.newFlowsTableLength], [17, 3306, 2048]);
});

test('a text cut short, or another, is known for it', () => {
  assert.equal(parseVipsVerbose(`${perPort}\n ip4-gre4 [10] 10.20.0.2/32\n`), undefined);
  assert.equal(parseVipsVerbose(`${perPort}\n ip4-gr`), undefined);
  assert.equal(parseVipsVerbose('unknown input `lb vips verbose`\n'), undefined);
});

// Fuzzes what is read from VPP's API socket: replies that are nearly right, framed, cut into chunks and
// damaged at random. A damaged one is refused as malformed and nothing else; what was not damaged comes out
// of the splitter byte for byte. The text of `show lb vips verbose` goes the same way.
//   node test/fuzz/vpp-replies.ts [--seconds 60] [--seed N]
import assert from 'node:assert/strict';
import { MalformedMessage } from '../../src/dataplane/vpp/bytes.ts';
import { decode, type Message } from '../../src/dataplane/vpp/codec.ts';
import { FrameSplitter, frameMessage } from '../../src/dataplane/vpp/framing.ts';
import { parseVipsVerbose } from '../../src/dataplane/vpp/lb-text.ts';
import * as messages from '../../src/dataplane/vpp/messages.ts';
import { createPrng, type Prng } from '../../src/lib/prng.ts';
import { mutate } from '../support/mutation.ts';
import { runAsProgram, runFor } from './run-for.ts';

const replies = Object.values(messages).filter(
  (value): value is Message =>
    typeof value === 'object' && 'prologue' in value && /_(reply|details)$/.test(value.name),
);
const frameBytesMax = 4096;
/** Longest of the fixed layouts (show_version_reply), and room for the two that end as they like. */
const messageBytesMax = 500;
const vipText = ` ip4-gre4 [9] 10.20.0.1/32 src_ip_sticky
  new_size:1024
  protocol:17 port:5000
  counters:
    packet from existing sessions: 3
  #as:2
    10.10.2.12 weight:50 buckets:512 flows:100 dpo:75 used
    10.10.2.11 weight:50 buckets:0 flows:49 dpo:39  removed
 ip6-gre6 [12] 2001:db8:0:0:1::1/128 removed
  new_size:1048576
`;

/** Throws at a finding. */
export function fuzzReplies(seed: number): void {
  const prng = createPrng(seed);
  const drawn = Array.from({ length: 1 + prng.below(6) }, () => drawMessage(prng));
  const stream = Buffer.concat(drawn.map(frameMessage));
  const isDamaged = prng.next() < 0.5;
  const received = split(prng, isDamaged ? Buffer.from(mutate(prng, stream, 1 + prng.below(4))) : stream);
  if (!isDamaged) assert.deepEqual(received, drawn);
  for (const bytes of received) {
    assert.ok(bytes.length > 0 && bytes.length <= frameBytesMax);
    for (const of of replies) readOne(of, bytes);
  }
  const text = Buffer.from(mutate(prng, Buffer.from(vipText.repeat(1 + prng.below(3))), prng.below(6)));
  for (const vip of parseVipsVerbose(text.toString('latin1')) ?? []) {
    assert.ok(Number.isInteger(vip.index) && vip.newFlowsTableLength >= 0 && vip.port >= 0, vip.prefix);
  }
}

/** What no layout promises: lengths and counts in it that are wrong, now and then right. */
function drawMessage(prng: Prng): Buffer {
  const bytes = Buffer.alloc(1 + prng.below(messageBytesMax));
  const isSparse = prng.next() < 0.5;
  for (let i = 0; i < bytes.length; i++) bytes[i] = isSparse && prng.next() < 0.8 ? 0 : prng.below(256);
  return bytes;
}

function split(prng: Prng, stream: Buffer): Buffer[] {
  const splitter = new FrameSplitter(frameBytesMax);
  const received: Buffer[] = [];
  for (let at = 0; at < stream.length; ) {
    const end = Math.min(stream.length, at + 1 + prng.below(300));
    const whole = unlessMalformed(() => splitter.push(stream.subarray(at, end)));
    if (whole === undefined) return received;
    received.push(...whole);
    at = end;
  }
  return received;
}

function readOne(of: Message, bytes: Buffer): void {
  const before = Buffer.from(bytes);
  const read = unlessMalformed(() => decode(of, bytes));
  if (read !== undefined) assert.deepEqual(Object.keys(read.values), Object.keys(of.fields));
  assert.deepEqual(bytes, before, 'reading changes nothing');
}

function unlessMalformed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    assert.ok(error instanceof MalformedMessage, String(error));
    assert.ok(error.message.length > 0 && error.message.length < 300, error.message);
    return undefined;
  }
}

export const fuzz = (firstSeed: number, seconds: number): number =>
  runFor('vpp-replies', { firstSeed, seconds }, fuzzReplies);

if (import.meta.main) await runAsProgram('vpp-replies', fuzz);

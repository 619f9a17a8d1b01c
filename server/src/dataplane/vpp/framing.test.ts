import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng } from '../../lib/prng.ts';
import { MalformedMessage } from './bytes.ts';
import { FrameSplitter, forEachFrame, frameHeaderBytes, frameMessage } from './framing.ts';

function header(length: number): Buffer {
  const bytes = Buffer.alloc(frameHeaderBytes, 0xee); // VPP leaves garbage there
  bytes.writeUInt32BE(length, 8);
  return bytes;
}
const message = (length: number, fill: number) => Buffer.alloc(length, fill);

test('a frame is the header of the note, then the message', () => {
  const frame = frameMessage(Uint8Array.of(0, 15, 0, 0, 0, 7));
  assert.equal(frame.toString('hex'), `${'00'.repeat(8)}00000006${'00'.repeat(4)}000f00000007`);
  assert.throws(() => frameMessage(new Uint8Array(0)));
});

test('forEachFrame gives each message of a batch, in order, at any byte offset', () => {
  const frames = Buffer.concat([frameMessage(message(1, 1)), frameMessage(message(300, 2))]);
  const shifted = new Uint8Array(frames.length + 3);
  shifted.set(frames, 3);
  const seen: Buffer[] = [];
  forEachFrame(shifted.subarray(3), (given) => seen.push(given));
  assert.deepEqual(seen, [message(1, 1), message(300, 2)]);
  forEachFrame(new Uint8Array(0), () => assert.fail('nothing there'));
});

test('forEachFrame refuses what is not whole: that is a bug of ours', () => {
  const frames = frameMessage(message(5, 1));
  assert.throws(() => forEachFrame(frames.subarray(0, 20), () => undefined), /whole frame/);
  assert.throws(() => forEachFrame(frames.subarray(0, 15), () => undefined), /whole frame/);
});

test('the splitter gives the same messages however the stream is cut', () => {
  const prng = createPrng(7);
  const messages = Array.from({ length: 50 }, (_, index) => message(1 + prng.below(200), index));
  const stream = Buffer.concat(messages.map(frameMessage));
  for (const step of [1, 2, 15, 16, 17, 100, 4096, stream.length]) {
    const splitter = new FrameSplitter(200);
    const seen: Buffer[] = [];
    for (let at = 0; at < stream.length; at += step) {
      seen.push(...splitter.push(stream.subarray(at, at + step)));
    }
    assert.deepEqual(seen, messages, `in steps of ${step}`);
    assert.equal(splitter.pendingBytes, 0);
  }
});

test('the splitter knows what is unfinished', () => {
  const splitter = new FrameSplitter(100);
  assert.deepEqual(splitter.push(header(10)), []);
  assert.deepEqual(splitter.push(message(9, 3)), []);
  assert.equal(splitter.pendingBytes, 25);
  const next = Buffer.concat([message(1, 3), header(1).subarray(0, 4)]);
  assert.deepEqual(splitter.push(next), [message(10, 3)]);
  assert.equal(splitter.pendingBytes, 4);
});

test('an empty frame and one beyond the bound are malformed as soon as their header is there', () => {
  const largest = new FrameSplitter(100);
  assert.equal(largest.push(Buffer.concat([header(100), message(100, 1)])).length, 1);
  for (const length of [0, 101, 2 ** 32 - 1]) {
    const splitter = new FrameSplitter(100);
    splitter.push(header(length).subarray(0, 15));
    assert.throws(() => splitter.push(header(length).subarray(15)), MalformedMessage, `length ${length}`);
    const second = Buffer.concat([frameMessage(message(3, 1)), header(length)]);
    assert.throws(() => new FrameSplitter(100).push(second), MalformedMessage);
  }
});

test('a long frame in small pieces costs linear time', () => {
  const splitter = new FrameSplitter(2 ** 20);
  const frame = frameMessage(message(2 ** 20, 9));
  const seen: Buffer[] = [];
  // 65,537 pieces: joining all of them at each would copy 34 GB.
  for (let at = 0; at < frame.length; at += 16) seen.push(...splitter.push(frame.subarray(at, at + 16)));
  assert.equal(seen.length, 1);
  assert.ok(seen[0]?.equals(message(2 ** 20, 9)));
});

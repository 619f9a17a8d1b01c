// Fuzzes the reading of ICMP: packets that are nearly right go through the parser and the prober, and a
// second, plainer reading of the RFCs says what they had to be.
//   node test/fuzz/icmp-message.ts [--seconds 60] [--seed N]
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import type { IcmpHealthCheck, IpFamily } from '../../src/config/config.ts';
import { realClock } from '../../src/lib/clock.ts';
import { createPrng, type Prng, randomSeed } from '../../src/lib/prng.ts';
import type { EngineRun } from '../../src/probes/engine.ts';
import { prepareIcmp } from '../../src/probes/icmp.ts';
import { icmpOfIpv4Packet, parseIcmpMessage } from '../../src/probes/icmp-message.ts';
import { createIcmpPayloads } from '../../src/probes/icmp-payloads.ts';
import type { ProbeNetwork } from '../../src/probes/network.ts';
import type { ProbeResult } from '../../src/probes/probe.ts';
import { errorAbout, internetChecksum, ipPacket, replyTo, withChecksum } from '../support/icmp-packets.ts';
import { mutate } from '../support/mutation.ts';

export interface FuzzReport {
  readonly executions: number;
  /** How many ended the probe: a fuzzer whose inputs are all refused proves little. */
  readonly replies: number;
  readonly errors: number;
}

const addresses: Readonly<Record<IpFamily, { text: string; bytes: Uint8Array; source: Uint8Array }>> = {
  4: { text: '10.1.2.3', bytes: Uint8Array.of(10, 1, 2, 3), source: Uint8Array.of(10, 1, 2, 4) },
  6: {
    text: 'fd01::2',
    bytes: Uint8Array.from([0xfd, 1, ...new Array<number>(13).fill(0), 2]),
    source: Uint8Array.from([0xfd, 1, ...new Array<number>(13).fill(0), 3]),
  },
};

/**
 * Runs until `isOver` says so. Throws at the first finding, with the packet: the seed gives the same damage
 * again, but the payload of the request is another one in each run.
 */
export function fuzzIcmp(seed: number, isOver: (executions: number) => boolean): FuzzReport {
  const prng = createPrng(seed);
  const counts = { executions: 0, replies: 0, errors: 0 };
  while (!isOver(counts.executions)) {
    counts.executions += 1;
    const family: IpFamily = prng.next() < 0.5 ? 4 : 6;
    const packet = drawPacket(prng, family);
    try {
      const result = checkOne(family, packet);
      if (result?.ok === true) counts.replies += 1;
      if (result?.ok === false) counts.errors += 1;
    } catch (error) {
      const request = lastRequest(family);
      const [sent, got] = [request, packet(request)].map((bytes) => Buffer.from(bytes).toString('hex'));
      const where = `seed ${seed}, execution ${counts.executions}, IPv${family}`;
      throw new Error(`${where}, request ${sent}, packet ${got}: ${String(error)}`, { cause: error });
    }
  }
  return counts;
}

/** A packet as the raw socket gives it, made from the request that it pretends to be about. */
type PacketOf = (request: Uint8Array) => Uint8Array;

function drawPacket(prng: Prng, family: IpFamily): PacketOf {
  const isReply = prng.next() < 0.4;
  const type = pick(prng, family === 4 ? [3, 11, 12, 5, 8] : [1, 2, 3, 4, 137]);
  const code = prng.below(16);
  const quotedBytes = prng.next() < 0.5 ? 1000 : prng.below(100);
  const options = new Uint8Array(4 * (prng.next() < 0.2 ? prng.below(11) : 0)).fill(1);
  const optionsOutside = new Uint8Array(4 * (prng.next() < 0.2 ? prng.below(11) : 0)).fill(1);
  const [inMessage, inPacket] = [drawMutations(prng), prng.next() < 0.3 ? drawMutations(prng) : 0];
  const isRepaired = prng.next() < 0.7;
  const mutationSeed = prng.below(2 ** 32);
  const { bytes: destination, source } = addresses[family];
  return (request) => {
    const local = createPrng(mutationSeed);
    const about = ipPacket(family, request, { source, destination, options });
    let message = isReply ? replyTo(family, request) : errorAbout(type, code, about, quotedBytes);
    message = mutate(local, message, inMessage);
    if (isRepaired && message.length >= 4) message = withChecksum(message);
    if (family === 6) return mutate(local, message, inPacket);
    return mutate(
      local,
      ipPacket(4, message, { source: destination, destination: source, options: optionsOutside }),
      inPacket,
    );
  };
}

function drawMutations(prng: Prng): number {
  return prng.next() < 0.3 ? 0 : 1 + prng.below(3);
}

function pick<T>(prng: Prng, values: readonly T[]): T {
  return values[prng.below(values.length)] as T;
}

const requests: Record<IpFamily, Uint8Array> = { 4: new Uint8Array(40), 6: new Uint8Array(40) };
function lastRequest(family: IpFamily): Uint8Array {
  return requests[family];
}

/** Sends one probe into an engine of ours, answers with the packet, and compares what it made of it. */
function checkOne(family: IpFamily, packetOf: PacketOf): ProbeResult | undefined {
  let run: EngineRun | undefined;
  let result: ProbeResult | undefined;
  const probe = prepareIcmp(
    check,
    { address: addresses[family].text, family },
    networkOf(family, (started) => {
      run = started;
    }),
  ).start((ended) => {
    assert.equal(result, undefined, 'done is called once');
    result = ended;
  });
  const request = lastRequest(family);
  const packet = packetOf(request);
  const before = Buffer.from(packet);
  const message = family === 4 ? icmpOfIpv4Packet(packet) : packet;
  assert.deepEqual(message && Buffer.from(message), referenceMessage(family, packet), "the packet's content");
  if (message !== undefined) {
    checkParsed(family, message);
    run?.onBytes(packet, 1);
    assert.equal(result?.code, referenceVerdict(family, message, request), 'the verdict');
  }
  assert.deepEqual(Buffer.from(packet), before, 'the packet is left as it was');
  if (result === undefined) probe.cancel();
  return result;
}

const check: IcmpHealthCheck = {
  type: 'icmp',
  name: 'fuzz',
  intervalMs: 1000,
  fastIntervalMs: 1000,
  downIntervalMs: 1000,
  timeoutMs: 1000,
  rise: 1,
  fall: 1,
};

/** An engine without a socket: keeps the request, and hands out the run. */
function networkOf(family: IpFamily, onRun: (run: EngineRun) => void): ProbeNetwork {
  return {
    clock: realClock,
    netns: undefined,
    engine: {
      record: () => assert.fail('no TCP here'),
      echoRecord({ message }) {
        const record = Uint8Array.from(message);
        return { record, message: record };
      },
      start(run, record) {
        run.slot = 0x0200;
        run.onSlot?.();
        requests[family] = record.slice();
        onRun(run);
      },
      settle: () => assert.fail('nothing expires here'),
      hasLost: () => assert.fail('nothing expires here'),
      end: () => undefined,
      close: () => undefined,
    },
    icmpIdentifier: () => 0x5a17,
    icmpPayload: createIcmpPayloads(),
    connect: () => assert.fail('no TCP here'),
    tlsContext: () => assert.fail('no TLS here'),
    close: () => undefined,
  };
}

/** What was parsed is what stands there: a reply can be built again from its parts, views stay inside. */
function checkParsed(family: IpFamily, message: Uint8Array): void {
  const parsed = parseIcmpMessage(family, message);
  if (parsed === undefined) return;
  const payload = parsed.t === 'error' ? parsed.quoted.payload : parsed.payload;
  assert.equal(payload.buffer, message.buffer);
  const end = message.byteOffset + message.length;
  assert.ok(payload.byteOffset >= message.byteOffset + 8 && payload.byteOffset + payload.length <= end);
  if (parsed.t === 'error') return;
  const { identifier, sequence } = parsed;
  const type = family === 4 ? 0 : 129;
  const rebuilt = [
    type,
    0,
    0,
    0,
    identifier >> 8,
    identifier & 255,
    sequence >> 8,
    sequence & 255,
    ...payload,
  ];
  const [a, b] = [Uint8Array.from(rebuilt), Uint8Array.from(message)];
  b.fill(0, 2, 4);
  assert.deepEqual(a, b);
}

function referenceMessage(family: IpFamily, packet: Uint8Array): Buffer | undefined {
  if (family === 6) return Buffer.from(packet);
  const bytes = Buffer.from(packet);
  if (bytes.length < 20 || bytes.readUInt8(0) < 0x45 || bytes.readUInt8(0) > 0x4f) return undefined;
  const header = (bytes.readUInt8(0) - 0x40) * 4;
  const total = bytes.readUInt16BE(2);
  if (bytes.readUInt8(9) !== 1 || total < header || total > bytes.length) return undefined;
  return bytes.subarray(header, total);
}

/** The code that the probe must end with, or undefined when this message is none of its business. */
function referenceVerdict(family: IpFamily, message: Uint8Array, request: Uint8Array): string | undefined {
  const bytes = Buffer.from(message);
  if (bytes.length < 8 || (family === 4 && internetChecksum(message) !== 0)) return undefined;
  const isReply = bytes.readUInt16BE(0) === (family === 4 ? 0 : 129 << 8);
  if (isReply) return bytes.subarray(4).equals(request.subarray(4)) ? 'L4OK' : undefined;
  if (!(family === 4 ? [3, 11, 12] : [1, 2, 3, 4]).includes(bytes.readUInt8(0))) return undefined;
  return quotes(family, bytes.subarray(8), Buffer.from(request)) ? 'L4CON' : undefined;
}

/** Whether an error's body begins with our request, cut at most within its payload. */
function quotes(family: IpFamily, body: Buffer, request: Buffer): boolean {
  if (body.length < (family === 4 ? 28 : 48)) return false;
  const first = body.readUInt8(0);
  if (family === 4 ? first < 0x45 || first > 0x4f : first < 0x60 || first > 0x6f) return false;
  const header = family === 4 ? (first - 0x40) * 4 : 40;
  const length = family === 4 ? body.readUInt16BE(2) : 40 + body.readUInt16BE(4);
  if (body.readUInt8(family === 4 ? 9 : 6) !== (family === 4 ? 1 : 58)) return false;
  if (family === 4 && (body.readUInt16BE(6) & 0x1fff) !== 0) return false;
  const destination = family === 4 ? body.subarray(16, 20) : body.subarray(24, 40);
  if (!destination.equals(addresses[family].bytes)) return false;
  const quoted = body.subarray(header, Math.min(length, body.length));
  if (quoted.length < 8 || quoted.length > request.length) return false;
  const compared = quoted.subarray(0, 2).equals(request.subarray(0, 2)) && quoted.subarray(4);
  return compared !== false && compared.equals(request.subarray(4, quoted.length));
}

function main(): void {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } },
  });
  const seed = values.seed === undefined ? randomSeed() : Number(values.seed);
  const endMs = realClock.nowMs() + Number(values.seconds) * 1000;
  process.stdout.write(`icmp-message: seed ${seed}, ${values.seconds} s\n`);
  const isOver = (executions: number) => executions % 1024 === 0 && realClock.nowMs() >= endMs;
  const { executions, replies, errors } = fuzzIcmp(seed, isOver);
  process.stdout.write(
    `icmp-message: ${executions} executions, ${replies} replies, ${errors} errors, no finding\n`,
  );
}

if (import.meta.main) main();

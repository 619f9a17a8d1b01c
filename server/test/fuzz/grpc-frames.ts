// Fuzzes the port of a real maglevd with what HTTP/2 and gRPC clients should never send: spoilt messages in
// spoilt envelopes, and spoilt frames on a bare connection. As a program:
//   node server/test/fuzz/grpc-frames.ts [--seconds 60] [--seed 1]
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { create, type DescMessage, toBinary } from '@bufbuild/protobuf';
import { MaglevService } from '@vpp-maglev/proto/maglev';
import { createPrng, type Prng } from '../../src/lib/prng.ts';
import { askHttp } from '../support/http-request.ts';
import { type Maglevd, startMaglevd } from '../support/maglevd.ts';
import { mutate } from '../support/mutation.ts';
import { runAsProgram } from './run-for.ts';

const pick = <T>(prng: Prng, items: readonly T[]): T => items[prng.below(items.length)] as T;
const methods = MaglevService.methods.filter(({ methodKind }) => methodKind === 'unary');
const types = [
  'application/grpc',
  'application/grpc+proto',
  'application/grpc-web+proto',
  'application/grpc+json',
];
const answerMsMax = 10_000;
/** Codes of gRPC that would be a mistake of ours: unknown, internal. */
const ourFaults = new Set(['2', '13']);

/** A message of the method: texts in every field of text, else nothing. */
function drawMessage(prng: Prng, input: DescMessage): Uint8Array {
  const fields = input.fields.filter((field) => field.fieldKind === 'scalar' && field.scalar === 9);
  const values = fields.map((field) => [
    field.localName,
    pick(prng, ['b1', '', 'x'.repeat(prng.below(300)), '\u0000']),
  ]);
  return toBinary(input, create(input, Object.fromEntries(values)));
}

function envelope(prng: Prng, message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head[0] = prng.below(6) === 0 ? prng.below(256) : 0;
  head.writeUInt32BE(prng.below(6) === 0 ? prng.below(2 ** 32) : message.length, 1);
  return Buffer.concat([head, message]);
}

/** The code of the answer: from its trailers, or its headers where it has no more. */
async function call(
  session: ClientHttp2Session,
  prng: Prng,
): Promise<{ rpc: string; code: string; text: string }> {
  const method = pick(prng, methods);
  const message = drawMessage(prng, method.input);
  const body = envelope(
    prng,
    prng.below(2) === 0 || message.length === 0 ? message : mutate(prng, message, 2),
  );
  const bytes = prng.below(4) === 0 ? Buffer.from(mutate(prng, body, 2)) : body;
  const stream = session.request({
    ':method': 'POST',
    ':path': `/maglev.v1.MaglevService/${method.name}`,
    'content-type': pick(prng, types),
    te: 'trailers',
    ...(prng.below(5) === 0 && { 'grpc-timeout': pick(prng, ['1n', '0S', '99999999H', '-1S', 'x']) }),
    ...(prng.below(5) === 0 && { 'grpc-encoding': pick(prng, ['gzip', 'br', 'identity', '']) }),
  });
  let headers: IncomingHttpHeaders = {};
  stream.on('response', (got) => Object.assign(headers, got));
  stream.on('trailers', (got) => {
    headers = { ...headers, ...got };
  });
  stream.on('error', () => undefined);
  let text = '';
  stream.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
  });
  stream.end(bytes);
  const closed = once(stream, 'close').then(() => true);
  assert.ok(await Promise.race([closed, sleep(answerMsMax, false, { ref: false })]), `${method.name} hangs`);
  const status = headers['grpc-status'] ?? /grpc-status: (\d+)/.exec(text)?.[1] ?? '';
  const why = headers['grpc-message'] ?? /grpc-message: (.*)/.exec(text)?.[1] ?? '';
  return { rpc: method.name, code: String(status), text: decodeURIComponent(String(why)) };
}

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** A preface and frames of any kind, some of whose parts are wrong. */
async function sendFrames(port: number, prng: Prng): Promise<void> {
  const frames = Array.from({ length: 1 + prng.below(6) }, () => {
    const payload = Buffer.from(Array.from({ length: prng.below(40) }, () => prng.below(256)));
    const head = Buffer.alloc(9);
    head.writeUIntBE(prng.below(5) === 0 ? prng.below(2 ** 24) : payload.length, 0, 3);
    head[3] = prng.below(12);
    head[4] = prng.below(256);
    head.writeUInt32BE(pick(prng, [0, 1, 2, 3, 2 ** 31, 2 ** 32 - 1]), 5);
    return Buffer.concat([head, payload]);
  });
  const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
  const all = Buffer.concat([preface, settings, ...frames]);
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => socket.destroy());
  const closed = once(socket, 'close');
  socket.write(prng.below(3) === 0 ? mutate(prng, all, 1 + prng.below(4)) : all);
  await Promise.race([closed, sleep(prng.below(20))]);
  socket.destroy();
  await closed;
}

/**
 * Known: bytes that are no message are an internal error to Connect's library, as is, by gRPC's own rules, an
 * envelope that says it is compressed where no encoding was named.
 */
const isKnown = (text: string) => /^parse binary|^received compressed envelope/.test(text);

async function fuzzOnce(maglevd: Maglevd, session: ClientHttp2Session, seed: number): Promise<void> {
  const prng = createPrng(seed);
  if (prng.below(3) === 0) {
    await sendFrames(Number(new URL(maglevd.apiUrl).port), prng);
    return;
  }
  const { rpc, code, text } = await call(session, prng);
  if (!isKnown(text)) assert.ok(!ourFaults.has(code), `${rpc}: code ${code}, ${text}`);
}

const config = 'maglev: { backends: { b1: { address: 127.0.0.1 } } }\n';

/** Runs for a time; gives the number of executions. Rejects at the first finding, with its seed. */
export async function fuzzGrpc(firstSeed: number, seconds: number): Promise<number> {
  const maglevd = await startMaglevd({ config });
  const endMs = performance.now() + seconds * 1000;
  let count = 0;
  let session = connectHttp2(maglevd.apiUrl);
  try {
    for (; performance.now() < endMs; count++) {
      if (session.closed || session.destroyed) session = connectHttp2(maglevd.apiUrl);
      session.on('error', () => session.destroy());
      session.setMaxListeners(0);
      const seed = (firstSeed + count) >>> 0;
      await fuzzOnce(maglevd, session, seed).catch((error: Error) => {
        throw new Error(`grpc-frames: finding with --seed ${seed}: ${error.message}`, { cause: error });
      });
    }
    session.destroy();
    assert.equal((await askHttp(`${maglevd.apiUrl}/healthz`)).status, 200, 'it serves as ever');
    const failed = maglevd.log.filter(({ msg }) => msg === 'request-failed');
    assert.deepEqual(failed, [], 'no request failed on a mistake of ours');
    await maglevd.stop();
    return count;
  } finally {
    session.destroy();
    await maglevd.kill();
  }
}

if (import.meta.main) await runAsProgram('grpc-frames', fuzzGrpc);

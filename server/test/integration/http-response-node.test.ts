// Our reader of replies beside Node's own: on replies that every reader must take, both find the same.
import assert from 'node:assert/strict';
import { Agent, type IncomingMessage, request } from 'node:http';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { createPrng } from '../../src/lib/prng.ts';
import { HttpResponse } from '../../src/probes/http-response.ts';
import { cut, type ValidReply, validReply } from '../support/http-replies.ts';

interface Reading {
  readonly status: number;
  readonly body: Buffer;
}

/** What Node's client makes of the reply, played to it by a stream in place of a socket. */
async function readWithNode({ bytes }: ValidReply): Promise<Reading> {
  const agent = new Agent();
  agent.createConnection = () =>
    new Duplex({
      read() {
        this.push(bytes);
        this.push(null);
      },
      write: (_chunk, _encoding, done) => done(),
    });
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ agent, host: 'played', insecureHTTPParser: false })
      .on('response', resolve)
      .on('error', reject)
      .end();
  });
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part);
  return { status: response.statusCode ?? 0, body: Buffer.concat(parts) };
}

function readWithOurs({ bytes, needsClose }: ValidReply, pieces: readonly Buffer[]): Reading {
  const response = new HttpResponse({ isHead: false, wantsBody: true });
  for (const piece of pieces) response.feed(piece, piece.length);
  if (needsClose) response.end();
  assert.equal(response.phase, 'whole', `${response.fault} in ${JSON.stringify(bytes.toString('latin1'))}`);
  return { status: response.status, body: Buffer.from(response.body) };
}

test('500 valid replies, cut at random', async () => {
  const prng = createPrng(20261123);
  for (let count = 0; count < 500; count++) {
    const reply = validReply(prng);
    const expected = { status: reply.status, body: reply.body };
    assert.deepEqual(readWithOurs(reply, cut(prng, reply.bytes)), expected);
    assert.deepEqual(await readWithNode(reply), expected);
  }
});

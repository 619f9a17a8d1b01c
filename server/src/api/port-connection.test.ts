import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import fastify from 'fastify';
import { connectionOf, markConnection, plainAddress } from './port-connection.ts';

test('IPv4 is written as IPv4', () => {
  for (const [given, shown] of [
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['192.0.2.1', '192.0.2.1'],
    ['::1', '::1'],
    ['::ffff:0:1', '::ffff:0:1'],
    ['2001:db8::ffff:1', '2001:db8::ffff:1'],
  ] as const) {
    assert.equal(plainAddress(given), shown);
  }
});

test('what was noted is told, and nothing is trusted that was not', () => {
  const request = new IncomingMessage(new Socket());
  assert.deepEqual(connectionOf(request), { kind: 'tcp', address: '', isTls: false });
  const connection = { kind: 'unix', address: 'unix', isTls: false } as const;
  markConnection(request, connection);
  assert.equal(connectionOf(request), connection);
});

test('an injected request says itself where it comes from', async () => {
  const app = fastify();
  app.get('/', async (request) => connectionOf(request.raw));
  const answer = await app.inject({ url: '/', remoteAddress: '::ffff:198.51.100.7' });
  assert.deepEqual(answer.json(), { kind: 'tcp', address: '198.51.100.7', isTls: false });
  await app.close();
});

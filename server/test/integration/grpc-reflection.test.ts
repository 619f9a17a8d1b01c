// What reflection tells, in both versions, to a client that asks by hand.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { type TestContext, test } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { create, createFileRegistry, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { Code, createClient } from '@connectrpc/connect';
import { ServerReflection, ServerReflectionRequestSchema } from '@vpp-maglev/proto/reflection';
import { ServerReflection as Alpha } from '@vpp-maglev/proto/reflection-alpha';
import { must } from '../../src/lib/assert.ts';
import { createTransports } from '../support/grpc-clients.ts';
import { startGrpcServer } from '../support/grpc-server.ts';

type Question = NonNullable<MessageInitShape<typeof ServerReflectionRequestSchema>['messageRequest']>;

async function setUp(t: TestContext) {
  const server = await startGrpcServer(t);
  const { transports, close } = createTransports(server);
  t.after(close);
  const { transport } = must(transports[0], 'gRPC');
  const [v1, alpha] = [createClient(ServerReflection, transport), createClient(Alpha, transport)];
  const ask = async (client: typeof v1 | typeof alpha, questions: readonly Question[]) => {
    async function* requests() {
      for (const messageRequest of questions) yield { host: 'here', messageRequest };
    }
    const answers = (client as typeof v1).serverReflectionInfo(requests());
    return Array.fromAsync(answers, ({ validHost, messageResponse }) => {
      assert.equal(validHost, 'here');
      return messageResponse;
    });
  };
  return { server, v1, alpha, ask };
}

const symbols = [
  'maglev.v1.MaglevService',
  'maglev.v1.MaglevService.GetBackend',
  'maglev.v1.Backend',
  'maglev.v1.Backend.since',
  'maglev.v1.BackendState',
  'grpc.health.v1.HealthCheckResponse.ServingStatus',
  'grpc.reflection.v1.ServerReflection',
];

test('both versions list the services and hand out whole files for every kind of name', async (t) => {
  const { v1, alpha, ask } = await setUp(t);
  for (const client of [v1, alpha]) {
    const [list, byName, ...bySymbol] = await ask(client, [
      { case: 'listServices', value: '' },
      { case: 'fileByFilename', value: 'maglev/v1/maglev.proto' },
      ...symbols.map((value) => ({ case: 'fileContainingSymbol' as const, value })),
    ]);
    assert.ok(list?.case === 'listServicesResponse');
    assert.deepEqual(
      list.value.service.map(({ name }) => name),
      [
        'grpc.health.v1.Health',
        'grpc.reflection.v1.ServerReflection',
        'grpc.reflection.v1alpha.ServerReflection',
        'maglev.v1.MaglevService',
      ],
    );
    for (const [index, answer] of [byName, ...bySymbol].entries()) {
      assert.ok(answer?.case === 'fileDescriptorResponse', `answer ${index}`);
      const files = answer.value.fileDescriptorProto.map((bytes) =>
        fromBinary(FileDescriptorProtoSchema, bytes),
      );
      // What is asked for first, and all that it imports: a client can build it from this answer alone.
      const [first] = files;
      const find = (name: string) => files.find((file) => file.name === name);
      const registry = createFileRegistry(must(first, 'a file'), find);
      const symbol = symbols[index - 1] ?? 'maglev.v1.MaglevService';
      const parent = symbol.slice(0, symbol.lastIndexOf('.'));
      assert.ok(registry.get(symbol) ?? registry.get(parent), symbol);
    }
  }
});

test('what is not known is an answer, and the stream goes on', async (t) => {
  const { v1, ask } = await setUp(t);
  const answers = await ask(v1, [
    { case: 'fileByFilename', value: 'nope.proto' },
    { case: 'fileContainingSymbol', value: 'maglev.v1.Nope' },
    { case: 'fileContainingSymbol', value: '' },
    { case: 'fileContainingExtension', value: { containingType: 'maglev.v1.Backend', extensionNumber: 7 } },
    { case: 'allExtensionNumbersOfType', value: 'maglev.v1.Nope' },
    { case: undefined },
    { case: 'allExtensionNumbersOfType', value: 'maglev.v1.Backend' },
  ]);
  const codes = answers.map((answer) =>
    answer.case === 'errorResponse' ? answer.value.errorCode : answer.case,
  );
  assert.deepEqual(codes, [5, 5, 5, 5, 5, 3, 'allExtensionNumbersResponse']);
});

test('a stream that asks nothing more ends with the daemon', async (t) => {
  const { server } = await setUp(t);
  const session = connect(server.http2Url);
  const stream = session.request({
    ':method': 'POST',
    ':path': `/${ServerReflection.typeName}/ServerReflectionInfo`,
    'content-type': 'application/grpc',
  });
  const request = { messageRequest: { case: 'listServices' as const, value: '' } };
  const bytes = toBinary(ServerReflectionRequestSchema, create(ServerReflectionRequestSchema, request));
  stream.write(Buffer.concat([Buffer.from([0, 0, 0, 0, bytes.length]), bytes]));
  await once(stream, 'data');
  stream.resume();
  server.closing.abort();
  const [trailers] = await once(stream, 'trailers');
  session.destroy();
  assert.equal(trailers['grpc-status'], String(Code.Unavailable));
});

// The contract and the table of operations say the same, and the walk that holds them together sees whatever
// could come between them.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { DescFile } from '@bufbuild/protobuf';
import { clone, createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  FieldDescriptorProto_Type as FieldType,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
} from '@bufbuild/protobuf/wkt';
import { file_maglev_v1_maglev as contract } from '@vpp-maglev/proto/maglev';
import { type TObject, Type } from 'typebox';
import { type DriftRow, findDrift } from '../../test/support/grpc-drift.ts';
import { must } from '../lib/assert.ts';
import { operations } from './operations.ts';

const protoDir = new URL('../../../proto', import.meta.url).pathname;
const bufPath = new URL('../../../node_modules/.bin/buf', import.meta.url).pathname;

test('the contract says what the table says', () => {
  assert.deepEqual(findDrift(operations, contract), []);
});

/** The contract with a change. */
function mutated(change: (file: FileDescriptorProto) => void): DescFile {
  const proto = clone(FileDescriptorProtoSchema, contract.proto);
  change(proto);
  const registry = createFileRegistry(proto, (name) =>
    contract.dependencies.find((file) => file.proto.name === name),
  );
  return must(registry.getFile(proto.name), proto.name);
}

function messageOf(file: FileDescriptorProto, name: string): DescriptorProto {
  return must(
    file.messageType.find((each) => each.name === name),
    name,
  );
}
function fieldOf(file: FileDescriptorProto, message: string, name: string): FieldDescriptorProto {
  return must(
    messageOf(file, message).field.find((each) => each.name === name),
    name,
  );
}
function enumOf(file: FileDescriptorProto, name: string): EnumDescriptorProto {
  return must(
    file.enumType.find((each) => each.name === name),
    name,
  );
}
function methodOf(file: FileDescriptorProto, name: string) {
  return must(
    file.service[0]?.method.find((each) => each.name === name),
    name,
  );
}
function dropFrom<T extends { readonly name: string }>(list: T[], name: string): void {
  const index = list.findIndex((each) => each.name === name);
  assert.ok(index >= 0, name);
  list.splice(index, 1);
}

const changes: readonly (readonly [fault: RegExp, change: (file: FileDescriptorProto) => void])[] = [
  [/^GetBackend: not in the contract/, (file) => dropFrom(file.service[0]?.method ?? [], 'GetBackend')],
  [
    /^GetBackends: not in the table/,
    (file) => Object.assign(methodOf(file, 'GetBackend'), { name: 'GetBackends' }),
  ],
  [
    /^GetVersion: server_streaming/,
    (file) => Object.assign(methodOf(file, 'GetVersion'), { serverStreaming: true }),
  ],
  [
    /^GetVersion: client_streaming/,
    (file) => Object.assign(methodOf(file, 'GetVersion'), { clientStreaming: true }),
  ],
  [
    /^GetVersion: Request is GetVPPInfoRequest/,
    (file) => Object.assign(methodOf(file, 'GetVersion'), { inputType: '.maglev.v1.GetVPPInfoRequest' }),
  ],
  [
    /^PauseBackend: Response is ResumeBackendResponse/,
    (file) =>
      Object.assign(methodOf(file, 'PauseBackend'), { outputType: '.maglev.v1.ResumeBackendResponse' }),
  ],
  [/^Backend.since: not in the contract/, (file) => dropFrom(messageOf(file, 'Backend').field, 'since')],
  [
    /^PauseBackendRequest.reason: not in the contract/,
    (file) => Object.assign(fieldOf(file, 'PauseBackendRequest', 'reason'), { name: 'why', jsonName: 'why' }),
  ],
  [
    /^Backend.last_probe: not in the table/,
    (file) => Object.assign(fieldOf(file, 'Backend', 'last_probe'), { jsonName: 'last_probe' }),
  ],
  [
    /^Backend.enabled: STRING, not BOOL/,
    (file) => Object.assign(fieldOf(file, 'Backend', 'enabled'), { type: FieldType.STRING }),
  ],
  [
    /^VIPCounters.next: UINT32, not UINT64/,
    (file) => Object.assign(fieldOf(file, 'VIPCounters', 'next'), { type: FieldType.UINT32 }),
  ],
  [
    /^Counter.value: UINT64, not UINT32/,
    (file) => Object.assign(fieldOf(file, 'Counter', 'value'), { type: FieldType.UINT64 }),
  ],
  [
    /^Counter.value: INT32, not UINT32/,
    (file) => Object.assign(fieldOf(file, 'Counter', 'value'), { type: FieldType.INT32 }),
  ],
  [
    /^Backend.since: google.protobuf.Duration, not google.protobuf.Timestamp/,
    (file) => Object.assign(fieldOf(file, 'Backend', 'since'), { typeName: '.google.protobuf.Duration' }),
  ],
  [
    /^HealthCheck.timeout: google.protobuf.Timestamp, not google.protobuf.Duration/,
    (file) =>
      Object.assign(fieldOf(file, 'HealthCheck', 'timeout'), { typeName: '.google.protobuf.Timestamp' }),
  ],
  [
    /^LogEvent.attributes: LogEvent, not google.protobuf.Struct/,
    (file) => Object.assign(fieldOf(file, 'LogEvent', 'attributes'), { typeName: '.maglev.v1.LogEvent' }),
  ],
  [
    /^Backend.transitions: repeated/,
    (file) => Object.assign(fieldOf(file, 'Backend', 'transitions'), { label: Label.OPTIONAL }),
  ],
  [
    /^Backend.name: repeated/,
    (file) => Object.assign(fieldOf(file, 'Backend', 'name'), { label: Label.REPEATED }),
  ],
  [/^Backend.code: optional/, (file) => makeRequired(messageOf(file, 'Backend'), 'code')],
  [
    /^Backend.counter: LastProbe, not Counter/,
    (file) => Object.assign(fieldOf(file, 'Backend', 'counter'), { typeName: '.maglev.v1.LastProbe' }),
  ],
  [
    /^Backend.state: FrontendState has no paused/,
    (file) => Object.assign(fieldOf(file, 'Backend', 'state'), { typeName: '.maglev.v1.FrontendState' }),
  ],
  [
    /^Backend.state: STRING, not enum/,
    (file) => Object.assign(fieldOf(file, 'Backend', 'state'), { type: FieldType.STRING }),
  ],
  [
    /BackendState has no removed/,
    (file) => dropFrom(enumOf(file, 'BackendState').value, 'BACKEND_STATE_REMOVED'),
  ],
  [
    /^ConnectionState: no-answer is not in the table/,
    (file) =>
      Object.assign(must(enumOf(file, 'ConnectionState').value[3], 'a value'), {
        name: 'CONNECTION_STATE_NO_ANSWER',
      }),
  ],
  [
    /^Encap: must begin with unspecified/,
    (file) => Object.assign(must(enumOf(file, 'Encap').value[0], 'zero'), { name: 'ENCAP_NONE' }),
  ],
  [
    /^LBVip: used by no operation/,
    (file) => dropFrom(messageOf(file, 'GetVPPLBStateResponse').field, 'vips'),
  ],
];

/** An optional field stands in a oneof of its own, the last ones of its message. */
function makeRequired(message: DescriptorProto, name: string): void {
  for (const field of message.field) {
    if (!field.proto3Optional) continue;
    if (field.name === name) Object.assign(field, { proto3Optional: false, oneofIndex: undefined });
  }
  const kept = message.field.filter((field) => field.proto3Optional);
  message.oneofDecl = kept.map(({ oneofIndex = 0 }) => must(message.oneofDecl[oneofIndex], 'oneof'));
  for (const [index, field] of kept.entries()) field.oneofIndex = index;
  const field = must(
    message.field.find((each) => each.name === name),
    name,
  );
  // Whether it is set decides presence, not its value.
  Reflect.deleteProperty(field, 'oneofIndex');
}

for (const [fault, change] of changes) {
  test(`seen in the contract: ${fault.source}`, () => {
    const faults = findDrift(operations, mutated(change));
    assert.ok(
      faults.some((each) => fault.test(each)),
      JSON.stringify(faults),
    );
  });
}

/** The table with a change in one row. */
function withRow(rpc: string, change: (row: DriftRow) => Partial<DriftRow>): readonly DriftRow[] {
  return operations.map((row) => (row.rpc === rpc ? { ...row, ...change(row) } : row));
}
function withProperty(schema: TObject, name: string, property: object): TObject {
  return { ...schema, properties: { ...schema.properties, [name]: property } } as TObject;
}

const tables: readonly (readonly [fault: RegExp, rows: readonly DriftRow[]])[] = [
  [/^GetVersion: not in the table/, operations.filter(({ rpc }) => rpc !== 'GetVersion')],
  [/^GetVersion: unary, not server_streaming/, withRow('GetVersion', () => ({ streams: true }))],
  [/^GetBackendResponse.host: not in the contract/, withRow('GetBackend', () => ({ wrapped: 'host' }))],
  [
    /^GetBackendResponse.backend: Backend, not Host/,
    withRow('GetBackend', ({ response }) => ({ response: { ...response, title: 'Host' } as TObject })),
  ],
  [
    /^GetVersionResponse.build: not in the contract/,
    withRow('GetVersion', ({ response }) => ({ response: withProperty(response, 'build', Type.String()) })),
  ],
  [
    /^GetVersionResponse.version: STRING, not UINT32/,
    withRow('GetVersion', ({ response }) => ({
      response: withProperty(response, 'version', Type.Integer()),
    })),
  ],
  [
    /^GetVersionResponse.version: optional/,
    withRow('GetVersion', ({ response }) => ({
      response: { ...response, required: [] } as unknown as TObject,
    })),
  ],
  [
    /^ListBackendsRequest.state: a list is required in answers/,
    withRow('ListBackends', ({ query }) => ({
      query: { ...query, required: ['state'] } as unknown as TObject,
    })),
  ],
  [
    /^ListHealthChecksRequest.type: HealthCheckType has no dns/,
    withRow('ListHealthChecks', ({ query }) => ({
      query: withProperty(query, 'type', { type: 'string', enum: ['dns'] }),
    })),
  ],
];
for (const [fault, rows] of tables) {
  test(`seen in the table: ${fault.source}`, () => {
    const faults = findDrift(rows, contract);
    assert.ok(
      faults.some((each) => fault.test(each)),
      JSON.stringify(faults),
    );
  });
}

// --- numbers

/** `Backend.name = 1`, of fields and of the values of enums. */
function numbersOf(file: FileDescriptorProto): readonly string[] {
  const fields = file.messageType.flatMap(({ name, field }) =>
    field.map((each) => `${name}.${each.name} = ${each.number}`),
  );
  const values = file.enumType.flatMap(({ name, value }) =>
    value.map((each) => `${name}.${each.name} = ${each.number}`),
  );
  return [...fields, ...values].toSorted();
}

test('the committed image has every number (if not: npm run image --workspace proto)', async () => {
  const image = fromBinary(FileDescriptorSetSchema, await readFile(join(protoDir, 'image.binpb')));
  const kept = must(
    image.file.find(({ name }) => name === contract.proto.name),
    'the contract in the image',
  );
  assert.deepEqual(numbersOf(contract.proto), numbersOf(kept));
});

test('buf refuses another number, and takes the contract as it is', async (t) => {
  const scratch = await mkdtemp(join(tmpdir(), 'maglev-breaking-'));
  t.after(() => rm(scratch, { recursive: true }));
  for (const name of ['buf.yaml', 'image.binpb', 'maglev', 'vendor']) {
    await cp(join(protoDir, name), join(scratch, name), { recursive: true });
  }
  const breaking = () =>
    promisify(execFile)(bufPath, ['breaking', '--path', 'maglev', '--against', 'image.binpb'], {
      cwd: scratch,
    });
  await breaking();
  const path = join(scratch, 'maglev/v1/maglev.proto');
  const text = await readFile(path, 'utf8');
  const other = text.replace('bool enabled = 4;', 'bool enabled = 40;');
  assert.notEqual(other, text);
  await writeFile(path, other);
  await assert.rejects(breaking(), (error) => /enabled/.test(String(Reflect.get(Object(error), 'stdout'))));
});

// Whether what an independent gRPC client decoded says the same as REST's JSON, without our own mapping.
import assert from 'node:assert/strict';

/**
 * Fails with the path where they differ. `decoded` has defaults filled in, as protobuf's own library does.
 */
export function assertSame(decoded: unknown, rest: unknown, path = 'answer'): void {
  if (Array.isArray(rest)) {
    assert.ok(Array.isArray(decoded), path);
    assert.equal(decoded.length, rest.length, path);
    for (const [index, each] of rest.entries()) assertSame(decoded[index], each, `${path}.${index}`);
  } else if (typeof rest === 'object' && rest !== null) {
    assertSameFields(decoded, rest as Record<string, unknown>, path);
  } else if (typeof rest === 'string' && typeof decoded === 'object' && decoded !== null) {
    assertSameTime(decoded as { seconds: number; nanos: number }, rest, path);
  } else if (typeof rest === 'string' && /^[A-Z0-9]+(_[A-Z0-9]+)+$/.test(String(decoded))) {
    const word = rest.toUpperCase().replaceAll('-', '_');
    assert.ok(String(decoded).endsWith(`_${word}`), `${path}: ${decoded} is not ${rest}`);
  } else {
    assert.equal(decoded, rest, path);
  }
}

function assertSameFields(decoded: unknown, rest: Record<string, unknown>, path: string): void {
  const fields = decoded as Record<string, unknown>;
  for (const [name, value] of Object.entries(rest)) assertSame(fields[name], value, `${path}.${name}`);
  for (const [name, value] of Object.entries(fields)) {
    // Beside an optional field its name stands in the oneof that protobuf makes of it.
    if (name in rest || name.startsWith('_')) continue;
    const isEmpty = value === null || Object.keys(value as object).length === 0;
    assert.ok(isEmpty, `${path}.${name}: ${JSON.stringify(value)} is not in REST's answer`);
  }
}

function assertSameTime({ seconds, nanos }: { seconds: number; nanos: number }, rest: string, path: string) {
  const ms = seconds * 1000 + nanos / 1e6;
  const restMs = rest.endsWith('s') ? Number.parseFloat(rest) * 1000 : Date.parse(rest);
  assert.ok(Math.abs(ms - restMs) < 1e-6, `${path}: ${ms} ms is not ${rest}`);
}

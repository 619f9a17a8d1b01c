import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyName, anyOverrides } from '../../test/support/overrides-values.ts';
import { formatOverrides, parseOverrides } from './file-format.ts';
import type { OverrideEntry } from './overrides.ts';
import { noOverrides, withEntry } from './overrides.ts';

const note = { by: 'alice', at: Date.UTC(2026, 10, 23, 1, 2, 3, 4) };
const entries: OverrideEntry[] = [
  { kind: 'backend', backend: 'nginx0', admin: 'paused', fileEnabled: true, ...note, reason: 'disk "swap"' },
  {
    kind: 'weight',
    frontend: 'www',
    pool: 'primary',
    backend: 'nginx0',
    weight: 0,
    fileWeight: 100,
    ...note,
  },
];
const text = `{
  "version": 1,
  "backends": [
    {
      "backend": "nginx0",
      "admin": "paused",
      "fileEnabled": true,
      "by": "alice",
      "at": "2026-11-23T01:02:03.004Z",
      "reason": "disk \\"swap\\""
    }
  ],
  "weights": [
    {
      "frontend": "www",
      "pool": "primary",
      "backend": "nginx0",
      "weight": 0,
      "fileWeight": 100,
      "by": "alice",
      "at": "2026-11-23T01:02:03.004Z"
    }
  ]
}
`;

test('the file reads like this', () => {
  const overrides = entries.reduce(withEntry, noOverrides);
  assert.equal(formatOverrides(overrides), text);
  assert.deepEqual(parseOverrides(Buffer.from(text)), { ok: true, value: overrides });
  assert.deepEqual(parseOverrides(Buffer.from(formatOverrides(noOverrides))), {
    ok: true,
    value: noOverrides,
  });
});

/** The sample with one piece replaced; the piece must be there. */
function changed(piece: string, by: string): string {
  assert.ok(text.includes(piece), piece);
  return text.replace(piece, by);
}

test('anything else is refused, with the place', () => {
  const backendRow = text.slice(text.indexOf('    {'), text.indexOf('    }') + 5);
  const table: [content: string | Uint8Array, why: string | RegExp][] = [
    ['', 'it is empty'],
    [text.slice(0, -5), 'it is not JSON'],
    ['{"a":\n\u0007', 'it is not JSON'],
    [Buffer.from([0xc3, 0x28]), 'it is not valid UTF-8'],
    [Buffer.alloc(4096), 'it is not JSON'],
    ['null', 'the document must be object'],
    ['[]', 'the document must be object'],
    ['{}', /^the document must have required properties/],
    [changed('"version": 1', '"version": 2'), 'its version is 2, not 1'],
    [changed('"version": 1', '"version": "1"'), /^\/version must be/],
    [changed('"version": 1', '"version": 1, "more": []'), /more/],
    [changed('"version": 1', '"version": 1, "__proto__": []'), /__proto__/],
    [changed('"by": "alice"', '"by": "alice", "extra": 1'), /^\/backends\/0\/extra/],
    [changed('"by": "alice",', ''), /^\/backends\/0 must have required properties/],
    [changed('"by": "alice"', '"by": ""'), /^\/backends\/0\/by/],
    [changed('"by": "alice"', '"by": "a\\nb"'), 'backend "nginx0": by holds a control character'],
    [
      changed('"by": "alice"', `"by": "${'x'.repeat(257)}"`),
      'backend "nginx0": by is longer than 256 characters',
    ],
    [changed('disk', '\\u0007'), 'backend "nginx0": reason holds a control character'],
    [changed('disk', '\\ud800'), 'backend "nginx0": reason is not valid Unicode'],
    [changed('disk', 'x'.repeat(257)), 'backend "nginx0": reason is longer than 256 characters'],
    [changed('"backend": "nginx0"', '"backend": "a/b"'), /^\/backends\/0\/backend must match/],
    [changed('"backend": "nginx0"', '"backend": ""'), /^\/backends\/0\/backend must match/],
    [changed('"paused"', '"active"'), /^\/backends\/0\/admin/],
    [changed('"paused"', '"enabled"'), 'backend "nginx0": "enabled" says nothing beside fileEnabled true'],
    [
      changed('"paused"', '"disabled"').replace('"fileEnabled": true', '"fileEnabled": false'),
      'backend "nginx0": "disabled" says nothing beside fileEnabled false',
    ],
    [changed('"fileEnabled": true', '"fileEnabled": "true"'), /^\/backends\/0\/fileEnabled/],
    [changed('2026-11-23T', '2026-02-31T'), 'backend "nginx0": at is not a time from 1970 on'],
    [changed('2026-11-23T', '1969-11-23T'), 'backend "nginx0": at is not a time from 1970 on'],
    [changed('T01:02', 'T24:00'), 'backend "nginx0": at is not a time from 1970 on'],
    [changed('04Z"', '04+01:00"'), /^\/backends\/0\/at must match/],
    [changed('"2026-11-23T01:02:03.004Z"', '1'), /^\/backends\/0\/at must be string/],
    [changed('"weight": 0', '"weight": 101'), /^\/weights\/0\/weight/],
    [changed('"weight": 0', '"weight": 0.5'), /^\/weights\/0\/weight/],
    [changed('"weight": 0', '"weight": 100'), 'the weight of www/primary/nginx0 equals fileWeight'],
    [changed(backendRow, `${backendRow},\n${backendRow}`), 'backend "nginx0" stands in it twice'],
  ];
  for (const [content, why] of table) {
    const result = parseOverrides(Buffer.from(content));
    assert.ok(!result.ok, `refused: ${content}`);
    if (typeof why === 'string') assert.equal(result.why, why);
    else assert.match(result.why, why);
  }
});

test('a weight that stands in it twice is refused', () => {
  const row = text.slice(text.lastIndexOf('    {'), text.lastIndexOf('    }') + 5);
  const result = parseOverrides(Buffer.from(changed(row, `${row},\n${row}`)));
  assert.deepEqual(result, { ok: false, why: 'the weight of www/primary/nginx0 stands in it twice' });
});

test('what a reason for refusal quotes is bounded', () => {
  const result = parseOverrides(Buffer.from(JSON.stringify({ ['k'.repeat(1_000_000)]: 1 })));
  assert.ok(!result.ok && result.why.length <= 256);
});

test('files as people edit them: no fraction, a byte order mark, -0', () => {
  const whole = changed('03.004Z', '03Z').replace('"weight": 0', '"weight": -0');
  const result = parseOverrides(Buffer.from(`\ufeff${whole}`));
  assert.ok(result.ok);
  assert.equal(result.value.backends.get('nginx0')?.at, Date.UTC(2026, 10, 23, 1, 2, 3));
  assert.ok(Object.is(result.value.weights.get('www/primary/nginx0')?.weight, 0));
});

test('property: every value comes back from its text, and equal values give equal text', () => {
  fc.assert(
    fc.property(anyOverrides(anyName), (overrides) => {
      const content = formatOverrides(overrides);
      const result = parseOverrides(Buffer.from(content));
      assert.deepEqual(result, { ok: true, value: overrides });
      assert.equal(formatOverrides(result.ok ? result.value : noOverrides), content);
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfigBytes } from '@vpp-maglev/server/config';
import { collectTargets, endpointOf, formatEndpoint } from './targets.ts';

interface Vip {
  readonly name: string;
  readonly address?: string;
  readonly protocol?: string;
  readonly port?: number;
  readonly checks?: readonly string[];
}

/** One frontend per VIP, with a backend for each of its health checks. */
function configOf(checks: Readonly<Record<string, string>>, vips: readonly Vip[]) {
  const backends = Object.keys(checks).map(
    (name, index) => `b-${name}: { address: 192.0.2.${index + 1}, healthcheck: ${name} }`,
  );
  const frontends = vips.map(
    ({ name, address = '198.51.100.1', protocol = 'tcp', port, checks: own = [] }) => {
      const used = own.length === 0 ? ['static: {}'] : own.map((check) => `b-${check}: {}`);
      const place = port === undefined ? '' : `protocol: ${protocol}, port: ${port}, `;
      const pool = `{ name: p, backends: { ${used.join(', ')} } }`;
      return `${name}: { address: ${address}, ${place}pools: [ ${pool} ] }`;
    },
  );
  const text = `maglev:
  vpp: { lb: { ipv4-src-address: 192.0.2.99 } }
  healthchecks: { ${Object.entries(checks)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ')} }
  backends: { static: { address: 192.0.2.100 }${backends.map((line) => `, ${line}`).join('')} }
  frontends:
${frontends.map((line) => `    ${line}\n`).join('')}`;
  const result = parseConfigBytes(Buffer.from(text));
  assert.ok(result.ok, JSON.stringify(result, null, 1));
  return result.config;
}

const checks = {
  icmp: '{ type: icmp }',
  tcp25: '{ type: tcp, port: 25 }',
  http80: '{ type: http, port: 80 }',
  http9000: '{ type: http, port: 9000 }',
  https443: '{ type: https, port: 443 }',
  https9000: '{ type: https, port: 9000 }',
};

const rules: readonly (readonly [vip: Omit<Vip, 'name'>, kind: string, probePort: number | undefined])[] = [
  [{ port: 80 }, 'http', 80],
  [{ port: 8080, checks: ['tcp25'] }, 'http', 8080],
  [{ port: 443, checks: ['http80'] }, 'https', 443],
  [{ port: 8443 }, 'https', 8443],
  [{ port: 80, checks: ['https443'] }, 'http', 80],
  [{ port: 9000, checks: ['http9000'] }, 'http', 9000],
  [{ port: 9000, checks: ['http9000', 'https9000'] }, 'https', 9000],
  [{ port: 9000, checks: ['http80', 'https9000'] }, 'https', 9000],
  [{ port: 7000, checks: ['http80'] }, 'http', 7000],
  [{ port: 7000, checks: ['icmp', 'https443'] }, 'https', 7000],
  [{ port: 25, checks: ['tcp25'] }, 'tcp', 25],
  [{ port: 25 }, 'tcp', 25],
  [{ port: 53, protocol: 'udp', checks: ['http80'] }, 'none', undefined],
  [{ checks: ['tcp25', 'http80'] }, 'http', 80],
  [{ checks: ['icmp', 'tcp25'] }, 'tcp', 25],
  [{ checks: ['icmp'] }, 'none', undefined],
];
for (const [vip, kind, probePort] of rules) {
  test(`${JSON.stringify(vip)} is asked by ${kind}`, () => {
    const [target] = collectTargets([configOf(checks, [{ name: 'v', ...vip }])]);
    assert.deepEqual([target?.kind, target?.probePort], [kind, probePort]);
    assert.notEqual(target?.reason, '');
  });
}

test('VIPs of several files are one each, with all their names, in the order of the files', () => {
  const one = configOf(checks, [
    { name: 'www', port: 80 },
    { name: 'odd', port: 7000 },
    { name: 'dns', port: 53, protocol: 'udp' },
  ]);
  const two = configOf(checks, [
    { name: 'web', port: 80 },
    { name: 'odd', port: 7000, checks: ['http80'] },
    { name: 'tcp-dns', port: 53 },
  ]);
  const targets = collectTargets([one, two, one]);
  assert.deepEqual(
    targets.map(({ names, port, protocol, kind }) => [names.join('+'), port, protocol, kind]),
    [
      ['www+web', 80, 'tcp', 'http'],
      ['odd', 7000, 'tcp', 'http'],
      ['dns', 53, 'udp', 'none'],
      ['tcp-dns', 53, 'tcp', 'tcp'],
    ],
  );
});

test('endpoints are written as in a URL', () => {
  assert.equal(formatEndpoint('2001:db8::1', 80), '[2001:db8::1]:80');
  assert.equal(endpointOf({ address: '2001:db8::1' }), '2001:db8::1');
  assert.equal(endpointOf({ address: '192.0.2.1', port: 1 }), '192.0.2.1:1');
});

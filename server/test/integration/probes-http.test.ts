// The HTTP and HTTPS probes against servers that misbehave: for each, the exact code and words. Every row
// runs in the clear and over TLS, on IPv4 and on IPv6.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { HttpParams } from '../../src/config/config.ts';
import type { ProbeCode } from '../../src/health/result-code.ts';
import type { ProbeNetwork } from '../../src/probes/network.ts';
import { behaviours } from '../support/behaviours.ts';
import { createAuthority, type Identity } from '../support/certificates.ts';
import { serve } from '../support/misbehaving-server.ts';
import { httpCheck, httpsCheck, probeOnce, testNetwork } from '../support/probe-run.ts';

type Row = readonly [
  name: keyof typeof behaviours,
  http: Partial<HttpParams>,
  code: ProbeCode,
  detail: string,
];

const any: Partial<HttpParams> = {};
const wantsOk: Partial<HttpParams> = { responseRegexp: '^ok' };
const wantsOnlyOk: Partial<HttpParams> = { responseRegexp: '^ok\\n?$' };
const head: Partial<HttpParams> = { method: 'HEAD' };
const closedEarly = 'connection closed before the reply was whole';
const resetEarly = 'connection reset before the reply was whole';

/** What ends on its own. */
const rows: readonly Row[] = [
  ['ok', any, 'L7OK', 'HTTP 200'],
  ['ok', head, 'L7OK', 'HTTP 200'],
  ['ok', { ...head, responseRegexp: '^$' }, 'L7OK', 'HTTP 200'],
  ['ok', { ...head, ...wantsOk }, 'L7RSP', 'HTTP 200, body does not match'],
  ['ok', wantsOk, 'L7OK', 'HTTP 200'],
  ['ok', wantsOnlyOk, 'L7OK', 'HTTP 200'],
  ['ok', { responseRegexp: 'down' }, 'L7RSP', 'HTTP 200, body does not match'],
  ['okHttp10', wantsOnlyOk, 'L7OK', 'HTTP 200'],
  ['okWithoutReason', any, 'L7OK', 'HTTP 200'],
  ['okBareLineFeeds', wantsOnlyOk, 'L7OK', 'HTTP 200'],
  ['okByteByByte', wantsOnlyOk, 'L7OK', 'HTTP 200'],
  ['okAfterContinue', wantsOnlyOk, 'L7OK', 'HTTP 200'],
  ['okChunked', wantsOnlyOk, 'L7OK', 'HTTP 200'],
  ['okBodyNeverEnds', any, 'L7OK', 'HTTP 200'],
  ['okBodyNeverEnds', wantsOk, 'L7OK', 'HTTP 200'],
  ['okBodyReset', wantsOk, 'L7OK', 'HTTP 200'],
  ['okBodyFlood', any, 'L7OK', 'HTTP 200'],
  ['okBodyFlood', { responseRegexp: '^x{100}' }, 'L7OK', 'HTTP 200'],
  ['okBodyFlood', { responseRegexp: '^x*$' }, 'L7OK', 'HTTP 200'],
  ['okBodyFlood', wantsOk, 'L7RSP', 'HTTP 200, first 64 KiB of the body do not match'],
  ['okBodyHuge', any, 'L7OK', 'HTTP 200'],
  ['okBodyHuge', wantsOk, 'L7RSP', 'HTTP 200, first 64 KiB of the body do not match'],
  ['unavailable', any, 'L7STS', 'HTTP 503'],
  ['unavailable', wantsOk, 'L7STS', 'HTTP 503'],
  ['unavailable', { responseCode: [{ first: 503, last: 503 }] }, 'L7OK', 'HTTP 503'],
  ['redirect', any, 'L7STS', 'HTTP 302'],
  ['redirect', { responseCode: [{ first: 300, last: 399 }] }, 'L7OK', 'HTTP 302'],
  ['noContent', { responseRegexp: '^$' }, 'L7OK', 'HTTP 204'],
  ['halfStatusLineThenEnd', any, 'L7RSP', closedEarly],
  ['halfStatusLineThenReset', any, 'L7RSP', resetEarly],
  ['halfHeadersThenEnd', any, 'L7RSP', closedEarly],
  ['halfHeadersThenReset', any, 'L7RSP', resetEarly],
  ['endWithoutReply', any, 'L7RSP', 'connection closed without a reply'],
  ['resetWithoutReply', any, 'L7RSP', resetEarly],
  ['bodyTooShort', any, 'L7OK', 'HTTP 200'],
  ['bodyTooShort', wantsOk, 'L7RSP', 'connection closed before the body was whole'],
  ['bodyReset', wantsOk, 'L7RSP', 'connection reset before the body was whole'],
  ['okBodyReset', wantsOnlyOk, 'L7RSP', 'connection reset before the body was whole'],
  ['contentLengthNegative', any, 'L7RSP', 'malformed header "Content-Length: -3"'],
  ['contentLengthTwice', any, 'L7RSP', 'malformed header "Content-Length: 4"'],
  ['chunkSizeMalformed', any, 'L7OK', 'HTTP 200'],
  ['chunkSizeMalformed', wantsOk, 'L7RSP', 'malformed chunk size "zz"'],
  ['chunkSizeHuge', wantsOk, 'L7RSP', 'malformed chunk size "fffffffffffffffff"'],
  ['chunkSizeEndless', wantsOk, 'L7RSP', 'chunk size line too long'],
  ['chunkTooLong', wantsOk, 'L7RSP', 'malformed chunk: "s it is" after its data'],
  ['chunkedWithoutEnd', wantsOk, 'L7RSP', 'connection closed before the body was whole'],
  ['continueFlood', any, 'L7RSP', 'headers exceed 64 KiB'],
  ['switchingProtocols', any, 'L7RSP', 'unexpected HTTP 101'],
  ['headersEndless', any, 'L7RSP', 'headers exceed 64 KiB'],
  ['headerLineEndless', any, 'L7RSP', 'headers exceed 64 KiB'],
  ['statusLineEndless', any, 'L7RSP', 'status line exceeds 8 KiB'],
  ['lineEndless', any, 'L7RSP', 'not HTTP: "xxxxxxxxxxxxxxxxxxxxxxxx"'],
  ['headerMalformed', any, 'L7RSP', 'malformed header "no colon here"'],
  ['headerNameBlank', any, 'L7RSP', 'malformed header "Content-Length : 3"'],
  ['statusMalformed', any, 'L7RSP', 'malformed status line "HTTP/1.1 2x0 OK"'],
  ['statusTooShort', any, 'L7RSP', 'malformed status line "HTTP/1.1 20 OK"'],
  ['version2', any, 'L7RSP', 'malformed status line "HTTP/2.0 200 OK"'],
  ['http09', any, 'L7RSP', 'not HTTP: "<html>hello</html>"'],
  ['ssh', any, 'L7RSP', 'not HTTP: "SSH-2.0-OpenSSH_9.2p1 De"'],
  ['escapes', any, 'L7RSP', 'not HTTP: "\\x1b]0;owned\\x07\\x1b[2Jok"'],
  [
    'binary',
    any,
    'L7RSP',
    'not HTTP: "\\x80\\xa5\\xca\\xef\\x149^\\x83\\xa8\\xcd\\xf2\\x17<a' +
      '\\x86\\xab\\xd0\\xf5\\x1a?d\\x89\\xae\\xd3"',
  ],
];

/** What lasts until the deadline. */
const slowRows: readonly Row[] = [
  ['silent', any, 'L7TOUT', 'no reply in time'],
  ['halfStatusLine', any, 'L7TOUT', 'status line not whole in time'],
  ['halfHeaders', any, 'L7TOUT', 'headers not whole in time'],
  ['bodyNotWhole', wantsOk, 'L7TOUT', 'body not whole in time (8 bytes came)'],
  ['okBodyNeverEnds', wantsOnlyOk, 'L7TOUT', 'body not whole in time (2 bytes came)'],
];

// Long enough for a handshake on a busy machine, after which the real waiting begins.
const slowMs = 1500;

let network: ProbeNetwork;
let identity: Identity;
let caPem: string;

before(() => {
  network = testNetwork();
  const authority = createAuthority('test CA');
  identity = authority.issue({ addresses: ['127.0.0.1', '::1'] });
  caPem = authority.certPem;
});
after(() => network.close());

async function checkRow(
  row: Row,
  address: string,
  scheme: 'http' | 'https',
  timeoutMs?: number,
): Promise<void> {
  const [name, http, code, detail] = row;
  const tls = scheme === 'https' ? { cert: identity.certPem, key: identity.keyPem } : undefined;
  const server = await serve(behaviours[name], { address, ...(tls && { tls }) });
  const check =
    scheme === 'https'
      ? httpsCheck(server.port, { insecureSkipVerify: false, caPem }, http)
      : httpCheck(server.port, http);
  try {
    const result = await probeOnce(check, server, network, timeoutMs);
    assert.deepEqual(result, { ok: code === 'L7OK', code, detail });
    assert.equal(server.accepted(), 1, 'one connection, and no redirect followed');
  } finally {
    await server.close();
  }
}

for (const scheme of ['http', 'https'] as const) {
  for (const address of ['127.0.0.1', '::1']) {
    describe(`${scheme} on ${address}`, { concurrency: 8 }, () => {
      for (const row of rows) {
        const [name, http, code] = row;
        test(`${name} ${JSON.stringify(http)}: ${code}`, () => checkRow(row, address, scheme));
      }
      for (const row of slowRows) {
        const [name, http, code] = row;
        test(`${name} ${JSON.stringify(http)}: ${code}`, () => checkRow(row, address, scheme, slowMs));
      }
    });
  }
}

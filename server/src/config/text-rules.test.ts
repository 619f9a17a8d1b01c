import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as rules from './text-rules.ts';

type Rule = (text: string) => string | undefined;

// What is refused, with its message, stands in test/testdata/config/bad. Here: what must not be.
const taken: readonly (readonly [string, Rule, readonly string[]])[] = [
  ['name', rules.nameProblem, ['a', '0', 'nginx0.ams', 'A_b-c', 'x'.repeat(63)]],
  ['description', rules.descriptionProblem, ['', 'públic web', 'two\nlines', 'a\tb', '\u{1f600}']],
  ['netns', rules.netnsProblem, ['dataplane', 'ns-1', '1', 'a.b', 'x'.repeat(255)]],
  ['path', rules.pathProblem, ['/', '/a/b?c=d&e=%20', '//', '/~user/', "/!$&'()*+,;=:@"]],
  [
    'host',
    rules.hostProblem,
    [
      'a',
      'www.example.org',
      'www.example.org:8080',
      '192.0.2.1',
      '[2001:db8::1]',
      '[2001:db8::1]:443',
      'a_b',
    ],
  ],
  ['server name', rules.serverNameProblem, ['a', 'www.example.org', '192.0.2.1', '2001:db8::1']],
  ['header name', rules.headerNameProblem, ['X-Check', 'Accept', '__proto__', "!#$%&'*+.^_`|~"]],
  ['header value', rules.headerValueProblem, ['', 'a b', '"quoted"', '~!@']],
  ['ca-file', rules.caFileProblem, ['/a', '/etc/ssl/Zertifikate für uns.pem']],
  ['regexp', rules.regexpProblem, ['', '^ok', '(?i)up|ready', '\\d+', '\\pL', '(?P<name>a)']],
];

test('texts that are in order', () => {
  for (const [what, rule, texts] of taken) {
    for (const text of texts) assert.equal(rule(text), undefined, `${what} ${text}`);
  }
});

test('a control character is refused wherever it stands, in everything that is sent', () => {
  const control = fc.constantFrom(...'\0\t\n\r\u001b\u007f\u0085');
  const sent = [rules.pathProblem, rules.hostProblem, rules.serverNameProblem, rules.headerValueProblem];
  fc.assert(
    fc.property(
      fc.constantFrom(...sent),
      fc.string(),
      control,
      fc.string(),
      (rule, before, character, after) => {
        assert.equal(rule(`/${before}${character}${after}`), 'holds a control character');
      },
    ),
  );
});

test('any text gives an answer', () => {
  fc.assert(
    fc.property(fc.constantFrom(...taken), fc.string({ unit: 'binary' }), ([, rule], text) => {
      assert.notEqual(rule(text), '');
    }),
  );
});

test('response codes as numbers and as lists', () => {
  assert.deepEqual(rules.parseResponseCodes(204), { ok: true, ranges: [{ first: 204, last: 204 }] });
  assert.deepEqual(rules.parseResponseCodes(' 100-599 '), { ok: true, ranges: [{ first: 100, last: 599 }] });
  assert.deepEqual(rules.parseResponseCodes('404, 200-299,300'), {
    ok: true,
    ranges: [
      { first: 404, last: 404 },
      { first: 200, last: 299 },
      { first: 300, last: 300 },
    ],
  });
});

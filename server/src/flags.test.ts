import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Flags, parseFlags, usageText } from './flags.ts';

function parse(argv: string[], env: Record<string, string> = {}): Flags {
  const flags = parseFlags(argv, env);
  if ('refusal' in flags) throw new Error(flags.refusal);
  return flags;
}
function refusal(argv: string[], env: Record<string, string> = {}): string {
  const flags = parseFlags(argv, env);
  return 'refusal' in flags ? flags.refusal : 'accepted';
}

test('one dash or two, = or the next word', () => {
  for (const argv of [['-config', 'x'], ['--config', 'x'], ['-config=x'], ['--config=x']]) {
    assert.equal(parse(argv).text('config'), 'x', argv.join(' '));
  }
  assert.equal(parse(['--metrics-addr=']).text('metrics-addr'), '');
  assert.equal(parse(['--config', 'a=b']).text('config'), 'a=b');
  assert.equal(parse(['--config=a=b']).text('config'), 'a=b');
  assert.equal(parse(['--config', '-x']).text('config'), '-x');
  assert.equal(parse(['--config=a', '--config=b']).text('config'), 'b', 'the last one wins');
});

test('booleans stand alone or take = with a value', () => {
  assert.equal(parse(['-check']).on('check'), true);
  assert.equal(parse(['--check=true']).on('check'), true);
  assert.equal(parse(['--check=0']).on('check'), false);
  assert.equal(parse([]).on('check'), false);
  assert.equal(refusal(['--check=maybe']), 'flag --check: "maybe" is neither true nor false');
  assert.match(refusal(['--check', 'true']), /unexpected argument "true"/);
});

test('flag beats environment beats default', () => {
  const env = { MAGLEV_CONFIG: '/from/env' };
  assert.equal(parse([]).text('config'), '/etc/vpp-maglev/maglev.yaml');
  assert.equal(parse([], env).text('config'), '/from/env');
  assert.equal(parse(['--config=/flag'], env).text('config'), '/flag');
  assert.equal(parse([], { MAGLEV_STATE_DIR: '' }).text('state-dir'), '', 'empty is a value');
  assert.equal(parse([], env).given('config'), true);
  assert.equal(parse([]).given('config'), false);
});

const refused: readonly [string[], string][] = [
  [['--confg=x'], 'no such flag: --confg (see --help)'],
  [['show'], 'unexpected argument "show" (see --help)'],
  [['--'], 'unexpected argument "--" (see --help)'],
  [['---config=x'], 'unexpected argument "---config=x" (see --help)'],
  [['--config'], 'flag --config needs a value'],
  [['--log-level=loud'], 'flag --log-level: "loud" is none of debug, info, warn, error'],
];
for (const [argv, expected] of refused) {
  test(`refused: ${argv.join(' ')}`, () => assert.equal(refusal(argv), expected));
}

test('a bad value in the environment is refused too', () => {
  assert.match(refusal([], { MAGLEV_LOG_LEVEL: 'loud' }), /--log-level/);
});

test('the usage names every flag and its variable', () => {
  const text = usageText();
  for (const word of ['--config VALUE', 'MAGLEV_CONFIG', '--check', '--state-dir', '(default :9090)']) {
    assert.ok(text.includes(word), word);
  }
});

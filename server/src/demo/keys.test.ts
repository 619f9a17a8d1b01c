import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { ReadStream } from 'node:tty';
import { describeDemoKeys, watchDemoKeys } from './keys.ts';

/** As much of a terminal as keys need. */
function terminal(isTTY: boolean) {
  const modes: boolean[] = [];
  const input = Object.assign(new PassThrough(), { isTTY, setRawMode: (raw: boolean) => modes.push(raw) });
  return { modes, input: input as unknown as ReadStream, type: (keys: string) => input.emit('data', keys) };
}

function watch(isTTY: boolean) {
  const { modes, input, type } = terminal(isTTY);
  const said: string[] = [];
  let quits = 0;
  const well = new Set(['one', 'two']);
  const end = watchDemoKeys({
    demo: {
      backends: ['one', 'two'],
      toggle(backend) {
        if (!well.delete(backend)) well.add(backend);
        return well.has(backend);
      },
    },
    input,
    write: (text) => said.push(text),
    quit: () => quits++,
  });
  return { said, modes, type, end, quits: () => quits };
}

test('digits toggle, q and Ctrl-C stop, ? lists; others do nothing', () => {
  const { said, modes, type, end, quits } = watch(true);
  const { short, long } = describeDemoKeys(['one', 'two']);
  assert.deepEqual(said.splice(0), [short]);
  type('22');
  type('1');
  type('039x\n');
  assert.deepEqual(said.splice(0), ['two is ill now\n', 'two is well now\n', 'one is ill now\n']);
  type('?');
  assert.deepEqual(said.splice(0), [long]);
  type('q\u0003');
  assert.equal(quits(), 2);
  end();
  type('1');
  assert.deepEqual([said, modes], [[], [true, false]]);
});

test('without a terminal nothing is read and nothing is said', () => {
  const { said, modes, type } = watch(false);
  type('1q');
  assert.deepEqual([said, modes], [[], []]);
});

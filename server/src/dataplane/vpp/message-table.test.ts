import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageTable } from './message-table.ts';
import { controlPing, lbConfGet, showVersion } from './messages.ts';

const table = new MessageTable([
  { id: 23, key: 'control_ping_51077d14' },
  { id: 90, key: 'lb_conf_get_00000000' },
  { id: 91, key: 'lb_conf_get_reply_11111111' },
]);

test('an id is that of the name and the layout', () => {
  assert.equal(table.idOf(controlPing), 23);
  assert.equal(table.idOf(lbConfGet), undefined);
});

test('what is missing is named, and the other layout where there is one', () => {
  assert.deepEqual(table.missing([controlPing, lbConfGet, showVersion]), [
    'lb_conf_get_51077d14 (there is lb_conf_get_00000000)',
    'show_version_51077d14',
  ]);
  assert.deepEqual(table.missing([controlPing]), []);
});

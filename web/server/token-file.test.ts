import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { tokenFileBytesMax } from './limits.ts';
import { readTokenFile } from './token-file.ts';

test('a token without the white space around it; anything else is refused with the file named', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'token-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'token');
  const read = (text: string) => {
    writeFileSync(path, text);
    return readTokenFile(path);
  };
  assert.deepEqual(read(' mglv_deploy_abc=\n'), { token: 'mglv_deploy_abc=' });
  assert.deepEqual(read('two words'), { refusal: `${path} holds no token` });
  assert.deepEqual(read(''), { refusal: `${path} holds no token` });
  assert.deepEqual(read('x'.repeat(tokenFileBytesMax + 1)), { refusal: `${path} is too long for a token` });
  const missing = readTokenFile(join(directory, 'none'));
  assert.match('refusal' in missing ? missing.refusal : '', /no such file.*none/);
});

// Measures what a first visit loads, and fails where it is more than its budget: 60 KB of JavaScript,
// gzipped.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const assetsPath = join(import.meta.dirname, '..', 'dist', 'assets');
/** Kilobytes of 1,000 bytes, as budgets are told. */
const javascriptBytesMax = 60_000;

let javascriptBytes = 0;
for (const name of readdirSync(assetsPath).sort()) {
  const bytes = readFileSync(join(assetsPath, name));
  const packed = gzipSync(bytes, { level: 9 }).length;
  if (name.endsWith('.js')) javascriptBytes += packed;
  console.log(`${name}: ${bytes.length} bytes, ${packed} gzipped`);
}
console.log(`JavaScript: ${javascriptBytes} bytes gzipped of ${javascriptBytesMax}`);
if (javascriptBytes === 0 || javascriptBytes > javascriptBytesMax) {
  console.error('web: the JavaScript of the first load is over its budget, or there is none');
  process.exitCode = 1;
}

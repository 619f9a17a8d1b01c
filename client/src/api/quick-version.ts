// GetVersion by the shortest way: the same RPC of the same service in Connect's JSON form, over one plain
// connection. HTTP/2 and the protobuf runtime take longer to load than everything else that `show version`
// does.

import { after } from '../clock.ts';
import { callMsDefault, quickBytesMax } from '../limits.ts';
import { dial } from './dial.ts';
import type { ApiOptions } from './grpc.ts';
import type { Version } from './shapes.ts';
import { authorityOf } from './target.ts';

/**
 * Resolves when the question is on its way. The answer is undefined where it is not the plain one: the usual
 * way then finds out why. Rejects with Unreachable.
 */
export async function askVersion(
  options: ApiOptions,
  connectMs: number,
): Promise<{ readonly answer: Promise<Version | undefined> }> {
  const { target, tls, authorization } = options;
  if (target.kind === 'tcp' && target.isTls) return { answer: Promise.resolve(undefined) };
  const socket = await dial(target, tls, connectMs);
  const { promise, resolve } = Promise.withResolvers<Version | undefined>();
  let text = '';
  const cancel = after(Math.min(options.timeoutMs, callMsDefault), () => socket.destroy());
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    text += chunk;
    if (text.length > quickBytesMax) socket.destroy();
  });
  // Whatever happens to the connection, what came decides.
  socket.on('error', () => socket.destroy());
  socket.once('close', () => resolve(parseAnswer(text)));
  socket.write(
    [
      'POST /maglev.v1.MaglevService/GetVersion HTTP/1.1',
      `Host: ${authorityOf(target)}`,
      'Content-Type: application/json',
      'Connect-Protocol-Version: 1',
      'Content-Length: 2',
      'Connection: close',
      ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
      '',
      '{}',
    ].join('\r\n'),
  );
  return { answer: promise.finally(cancel) };
}

/** An HTTP/1.1 answer with JSON as one piece or in chunks; undefined of anything else. */
export function parseAnswer(text: string): Version | undefined {
  const end = text.indexOf('\r\n\r\n');
  const head = text.slice(0, Math.max(0, end)).toLowerCase();
  if (!/^http\/1\.1 200 /.test(head) || !/\r\ncontent-type: *application\/json/.test(head)) return undefined;
  const body = text.slice(end + 4);
  const whole = /\r\ntransfer-encoding: *chunked/.test(head) ? joinChunks(body) : body;
  try {
    const value: unknown = JSON.parse(whole);
    return isVersion(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** ASCII only, as all four fields are: a size in bytes is one in letters. */
function joinChunks(body: string): string {
  let rest = body;
  let whole = '';
  for (;;) {
    const [line, digits = '0'] = /^([0-9a-f]{1,6})\r\n/i.exec(rest) ?? [''];
    const size = Number.parseInt(digits, 16);
    if (line === '' || size === 0) return whole;
    whole += rest.slice(line.length, line.length + size);
    rest = rest.slice(line.length + size + 2);
  }
}

function isVersion(value: unknown): value is Version {
  if (typeof value !== 'object' || value === null) return false;
  const fields = Object.entries(value);
  const names = ['version', 'commit', 'date', 'node'];
  return (
    fields.length === names.length &&
    fields.every(([name, text]) => names.includes(name) && typeof text === 'string')
  );
}

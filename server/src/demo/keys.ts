// The demo's keyboard: one key per backend toggles its health. Knows a terminal and what a demo can do.
import type { ReadStream } from 'node:tty';

export interface DemoKeysOptions {
  readonly demo: {
    /** In the order of their keys. */
    readonly backends: readonly string[];
    /** Gives whether it is well now. */
    readonly toggle: (backend: string) => boolean;
  };
  readonly input: ReadStream;
  /** Gets whole lines, line end included. */
  readonly write: (text: string) => void;
  readonly quit: () => void;
}

const controlC = '\u0003';

/** One line for the start, one per key for `?`. */
export function describeDemoKeys(backends: readonly string[]): {
  readonly short: string;
  readonly long: string;
} {
  const long = [
    ...backends.map((name, index) => `  ${index + 1}  ${name}: ill, or well again`),
    '  q  stop',
    '  ?  this list',
  ];
  const short = `keys: 1-${backends.length} turn a backend ill or well, q stops, ? lists them`;
  return { short: `${short}\n`, long: `${long.join('\n')}\n` };
}

/**
 * Listens to a terminal until the returned end, which gives it back as it was. Not a terminal: does
 * nothing.
 */
export function watchDemoKeys({ demo, input, write, quit }: DemoKeysOptions): () => void {
  if (!input.isTTY) return () => undefined;
  const { short, long } = describeDemoKeys(demo.backends);
  const press = (key: string) => {
    if (key === 'q' || key === controlC) quit();
    if (key === '?') write(long);
    const backend = demo.backends[Number.parseInt(key, 10) - 1];
    if (backend !== undefined) write(`${backend} is ${demo.toggle(backend) ? 'well' : 'ill'} now\n`);
  };
  const onData = (text: Buffer | string) => {
    for (const key of String(text)) press(key);
  };
  input.setRawMode(true);
  input.on('data', onData);
  input.resume();
  write(short);
  return () => {
    input.off('data', onData);
    input.setRawMode(false);
    input.pause();
  };
}

// Reads a secret from standard input: from a terminal key by key without echo, from a pipe its first line. It
// must not know what the secret is for.
import { StringDecoder } from 'node:string_decoder';
import { passwordBytesMax } from '../lib/limits.ts';

/** Of process.stdin what is used here. */
export interface SecretInput {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
  on(event: 'data', listener: (chunk: Buffer | string) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'data', listener: (chunk: Buffer | string) => void): unknown;
  off(event: 'end', listener: () => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
  resume(): unknown;
  pause(): unknown;
  destroy(): unknown;
}

export type SecretText = { readonly text: string } | { readonly refusal: string };

/** A secret being typed or read; `done`: its end has come. */
interface Typed {
  readonly text: string;
  readonly done?: SecretText;
}

/**
 * One line without its end. On a terminal `prompt` is written first, and keys are not shown; on anything else
 * nothing is asked, and the end of the input ends the line too.
 */
export function readSecret(
  input: SecretInput,
  prompt: string,
  write: (text: string) => void,
): Promise<SecretText> {
  const isTerminal = input.isTTY === true;
  const { promise, resolve } = Promise.withResolvers<SecretText>();
  const decoder = new StringDecoder('utf8');
  let typed: Typed = { text: '' };
  const finish = (result: SecretText) => {
    input.pause();
    input.off('data', onData);
    input.off('end', onEnd);
    input.off('error', onError);
    if (isTerminal) {
      input.setRawMode?.(false);
      write('\n');
    }
    resolve(result);
  };
  const onData = (chunk: Buffer | string) => {
    const text = typeof chunk === 'string' ? chunk : decoder.write(chunk);
    for (const character of text) {
      typed = isTerminal ? press(typed.text, character) : append(typed.text, character);
      if (typed.done !== undefined) return finish(typed.done);
    }
  };
  const onEnd = () => finish({ text: typed.text + decoder.end() });
  const onError = (error: Error) => finish({ refusal: `standard input: ${error.message}` });
  if (isTerminal) {
    input.setRawMode?.(true);
    write(prompt);
  }
  input.on('data', onData);
  input.on('end', onEnd);
  input.on('error', onError);
  input.resume();
  return promise;
}

function append(text: string, character: string): Typed {
  if (character === '\n') return { text, done: { text: text.replace(/\r$/, '') } };
  // One more than is taken, so that what is too long is seen to be.
  const isFull = text.length > passwordBytesMax;
  return isFull ? { text, done: { text } } : { text: text + character };
}

const keys = {
  controlC: '\u0003',
  controlD: '\u0004',
  backspace: '\b',
  delete: '\u007f',
  controlU: '\u0015',
};

/** A key in raw mode, where the terminal edits nothing for us. */
function press(text: string, key: string): Typed {
  if (key === keys.controlC) return { text, done: { refusal: 'interrupted' } };
  if (key === '\r' || key === '\n' || key === keys.controlD) return { text, done: { text } };
  if (key === keys.controlU) return { text: '' };
  if (key === keys.backspace || key === keys.delete) return { text: Array.from(text).slice(0, -1).join('') };
  return append(text, key);
}

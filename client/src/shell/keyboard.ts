// Between the terminal and readline: hands on one line at a time, so that a paste of many lines is answered
// line by line, and knows a key that is to stop something from a key that is to be typed.
import { Readable } from 'node:stream';

const interrupt = '\x03';

export interface Keyboard {
  /** What readline reads. */
  readonly input: Readable;
  /** The line was dealt with: the next one may come. */
  release(): void;
  /** While a command runs: Ctrl-C calls `interrupted`, other keys wait. Until `release`. */
  hold(interrupted: () => void): void;
  /** While held, any key calls `then` instead of waiting; the answer ends that. */
  onAnyKey(then: () => void): () => void;
  close(): void;
}

type Terminal = Readable & { setRawMode?(isRaw: boolean): unknown };

export function createKeyboard(terminal: Terminal): Keyboard {
  const input = Object.assign(new Readable({ read: () => undefined }), {
    isTTY: true,
    setRawMode: (isRaw: boolean) => terminal.setRawMode?.(isRaw),
  });
  let waiting = '';
  let isHeld = false;
  let interrupted: () => void = () => undefined;
  let pressed: (() => void) | undefined;
  const handOn = () => {
    while (!isHeld && waiting !== '') {
      const [piece = ''] = /^[^\r\n]*(?:\r\n|\r|\n)?/.exec(waiting) ?? [];
      waiting = waiting.slice(piece.length);
      // A line end: the answer comes before the next letter.
      if (/[\r\n]$/.test(piece)) isHeld = true;
      input.push(piece);
    }
  };
  const take = (text: string) => {
    if (isHeld && text.includes(interrupt)) {
      waiting = '';
      interrupted();
    } else if (isHeld && pressed !== undefined) {
      pressed();
    } else {
      waiting += text;
      handOn();
    }
  };
  terminal.setEncoding('utf8');
  terminal.on('data', take);
  const end = () => {
    isHeld = false;
    handOn();
    input.push(null);
  };
  terminal.once('end', end);
  return {
    input,
    release() {
      isHeld = false;
      interrupted = () => undefined;
      handOn();
    },
    hold(then) {
      isHeld = true;
      interrupted = then;
    },
    onAnyKey(then) {
      pressed = then;
      return () => {
        pressed = undefined;
      };
    },
    close() {
      terminal.removeListener('data', take);
      terminal.removeListener('end', end);
      terminal.pause();
    },
  };
}

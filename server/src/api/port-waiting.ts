// Connections that have not said yet what they speak: each has a deadline that nothing it sends moves, and
// their number is bounded. It must not know protocols.
import type { Socket } from 'node:net';
import type { Clock } from '../lib/clock.ts';

export interface WaitingRoom {
  /** Takes a socket in; it is destroyed unless the function that comes back is called in time. */
  enter(socket: Socket): () => void;
  count(): number;
  /** Destroys all who wait. */
  empty(): void;
}

/** With every place taken the one who waits longest goes: who is honest has waited a few ms only. */
export function createWaitingRoom(clock: Clock, waitMsMax: number, placesMax: number): WaitingRoom {
  const waiting = new Set<Socket>();
  return {
    enter(socket) {
      const [oldest] = waiting;
      if (waiting.size >= placesMax) oldest?.destroy();
      if (oldest?.destroyed) waiting.delete(oldest);
      waiting.add(socket);
      const timer = clock.setTimer(waitMsMax, () => socket.destroy());
      const leave = () => {
        timer.cancel();
        waiting.delete(socket);
        socket.off('close', leave);
      };
      socket.once('close', leave);
      return leave;
    },
    count: () => waiting.size,
    empty() {
      for (const socket of waiting) socket.destroy();
    },
  };
}

/**
 * Reads until `decide` gives something for the bytes that came, puts them back, and hands it over with the
 * socket in the state of a new one. A socket that ends or fails before is destroyed.
 */
export function readUntil<T>(
  socket: Socket,
  decide: (bytes: Buffer) => T | undefined,
  onDecided: (decision: T) => void,
): void {
  let bytes: Buffer = Buffer.alloc(0);
  const destroy = () => socket.destroy();
  const onReadable = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    const decision = decide(bytes);
    if (decision === undefined) return;
    socket.off('readable', onReadable).off('end', destroy).off('error', destroy);
    socket.unshift(bytes);
    onDecided(decision);
  };
  socket.on('readable', onReadable).on('end', destroy).on('error', destroy);
}

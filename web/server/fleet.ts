// All maglevds of one process, however many browsers look at them. It must not know how messages reach a
// browser.
import type { Clock } from '@vpp-maglev/server/clock';
import type { Log } from '@vpp-maglev/server/log';
import type { FleetMessage, MaglevdPicture } from '../src/contract.ts';
import { freshMsMax } from './limits.ts';
import { Link } from './link.ts';
import type { MaglevdSource } from './source.ts';

export interface FleetOptions {
  /** In the order in which pages show them; names differ. */
  readonly sources: readonly MaglevdSource[];
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn'>;
}

export interface Fleet {
  pictures(): readonly MaglevdPicture[];
  source(name: string): MaglevdSource | undefined;
  names(): readonly string[];
  /** While somebody watches, resources are asked for at their intervals. */
  setWatched(isWatched: boolean): void;
  /**
   * Resolves when pictures are of now as far as they can be, or after `freshMsMax`; not before there is one
   * of the daemon that this is part of.
   */
  fresh(): Promise<void>;
  /** Something was changed there: what it shows is asked for soon. */
  touch(name: string): void;
  /** Who hears of everything that becomes known; one at a time. */
  listen(tell: (message: FleetMessage) => void): void;
  /** Resolves when nothing runs any more. */
  stop(): Promise<void>;
}

export function createFleet({ sources, clock, log }: FleetOptions): Fleet {
  let tell: (message: FleetMessage) => void = () => undefined;
  const links = new Map(
    sources.map((source) => [
      source.name,
      new Link({ source, clock, log, tell: (message) => tell(message) }),
    ]),
  );
  const all = () => [...links.values()];
  for (const link of all()) link.start();
  return {
    pictures: () => all().map((link) => link.picture()),
    source: (name) => links.get(name)?.source,
    names: () => [...links.keys()],
    setWatched(isWatched) {
      for (const link of all()) link.setWatched(isWatched);
    },
    async fresh() {
      const late = Promise.withResolvers<void>();
      const timer = clock.setTimer(freshMsMax, late.resolve);
      await Promise.race([late.promise, Promise.all(all().map((link) => link.fresh()))]);
      timer.cancel();
      await Promise.all(all().map((link) => link.shown()));
    },
    touch: (name) => links.get(name)?.touch(),
    listen(listener) {
      tell = listener;
    },
    async stop() {
      tell = () => undefined;
      await Promise.all(all().map((link) => link.stop()));
    },
  };
}

// How many wrong credentials somebody may show in a while: per address, and all together. Counts checks that
// are under way as failures until they succeed, so that a hundred guesses at once are no way around it. Time
// is an argument; it must not know what a credential is.
import { parseAddress } from '../lib/address.ts';
import {
  loginAddressesMax,
  loginFailuresEverywhereMax,
  loginFailuresMax,
  loginFailureWindowMs,
} from '../lib/limits.ts';

/** A check that may go on; its end is told once. */
export interface LoginAttempt {
  readonly t: 'go';
  end(failed: boolean): void;
}

/** None now: ask again after `waitMs`. */
export interface LoginRefusal {
  readonly t: 'wait';
  readonly waitMs: number;
}

export interface LoginThrottle {
  begin(address: string, nowMs: number): LoginAttempt | LoginRefusal;
  addressCount(): number;
}

/** From its first failure on; a failure within it counts until its end. */
interface Window {
  readonly endsMs: number;
  count: number;
}

export function createLoginThrottle(): LoginThrottle {
  const byNetwork = new Map<string, Window>();
  let everywhere: Window = { endsMs: 0, count: 0 };

  function windowOf(network: string, nowMs: number): Window {
    const known = byNetwork.get(network);
    if (known !== undefined && known.endsMs > nowMs) return known;
    // Inserted anew: the map stays in order of age, and the first is the one to forget.
    byNetwork.delete(network);
    const oldest = byNetwork.keys().next();
    if (byNetwork.size >= loginAddressesMax && !oldest.done) byNetwork.delete(oldest.value);
    const window = { endsMs: nowMs + loginFailureWindowMs, count: 0 };
    byNetwork.set(network, window);
    return window;
  }

  return {
    begin(address, nowMs) {
      if (everywhere.endsMs <= nowMs) everywhere = { endsMs: nowMs + loginFailureWindowMs, count: 0 };
      if (everywhere.count >= loginFailuresEverywhereMax) return refusal(everywhere, nowMs);
      const network = networkOf(address);
      const window = windowOf(network, nowMs);
      if (window.count >= loginFailuresMax) return refusal(window, nowMs);
      const windows = [window, everywhere];
      for (const each of windows) each.count += 1;
      return {
        t: 'go',
        end(failed) {
          if (failed) return;
          for (const each of windows) each.count -= 1;
          if (window.count === 0 && byNetwork.get(network) === window) byNetwork.delete(network);
        },
      };
    },
    addressCount: () => byNetwork.size,
  };
}

function refusal({ endsMs }: Window, nowMs: number): LoginRefusal {
  return { t: 'wait', waitMs: endsMs - nowMs };
}

/** A host in IPv6 has a whole /64 to choose from. */
function networkOf(address: string): string {
  const parsed = parseAddress(address);
  if (!parsed.ok || parsed.address.family === 4) return address;
  return Buffer.from(parsed.address.bytes.subarray(0, 8)).toString('hex');
}

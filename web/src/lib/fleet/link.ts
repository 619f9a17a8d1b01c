// When a stream that says nothing is dead, and when a page has slept. Pure: times in, a decision out.

/** Longest silence that is still life: the server's heartbeat comes every second or two. */
export const silenceMsMax = 4000;
/** The watch looks this often, so that five seconds of silence are red. */
export const watchIntervalMs = 500;
/** A watch that comes so late has slept: a laptop's lid, a frozen tab. */
export const sleepMsMin = 2500;
/** Between two attempts to open the stream anew. */
export const reopenIntervalMs = 1000;
/** Between two drawings of the model: more often the eye does not see it, and a phone gets warm. */
export const drawIntervalMs = 100;
/**
 * A drawing that took long is rested from for so many times its own length: input and scrolling come first.
 */
export const drawRestFactor = 4;
/** Messages that may wait while the page is not drawn; more, and the picture is taken anew instead. */
export const waitingMessagesMax = 20_000;

export type LinkState = 'connecting' | 'live' | 'lost';

export interface LinkFacts {
  readonly nowMs: number;
  readonly lastWatchMs: number;
  /** Of the last message, or of the opening where none has come. */
  readonly lastHeardMs: number;
  readonly openedMs: number;
  /** The stream itself has said that it is broken. */
  readonly isBroken: boolean;
  readonly isHidden: boolean;
}

/** What the watch has to do. */
export type WatchDecision = 'fine' | 'reopen';

/** A page that nobody sees need not wake; it does as soon as it is looked at. */
export function watchLink(facts: LinkFacts): WatchDecision {
  const { nowMs, lastWatchMs, lastHeardMs, openedMs, isBroken, isHidden } = facts;
  if (isHidden) return 'fine';
  const hasSlept = nowMs - lastWatchMs >= sleepMsMin;
  if (hasSlept) return 'reopen';
  const isSilent = isBroken || nowMs - lastHeardMs > silenceMsMax;
  return isSilent && nowMs - openedMs >= reopenIntervalMs * (isBroken ? 1 : 4) ? 'reopen' : 'fine';
}

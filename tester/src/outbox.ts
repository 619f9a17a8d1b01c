// Results on their way out of the probing thread: collected for the next report, which goes when the last
// one was taken. Nobody takes them: it fills up, and no more is probed. Pure but for the call of `report`.
import { waitingResultCountMax } from './limits.ts';
import type { Report, Result } from './outcome.ts';

/** `report` gets what was added since the last time. */
export function createOutbox(report: (report: Report) => void) {
  let results: Result[] = [];
  let lagMsMax = 0;
  let skipped = 0;
  let notSent = 0;
  let notSentDetail = '';
  let isTaken = true;
  return {
    add: (result: Result) => void results.push(result),
    isFull: () => results.length >= waitingResultCountMax,
    noteLag(lagMs: number) {
      if (lagMs > lagMsMax) lagMsMax = lagMs;
    },
    noteSkipped() {
      skipped += 1;
    },
    noteNotSent(detail: string) {
      notSent += 1;
      notSentDetail = detail;
    },
    taken() {
      isTaken = true;
    },
    send(atMs: number, finished: boolean) {
      if (!isTaken) return;
      isTaken = false;
      report({ atMs, results, lagMsMax, skipped, notSent, notSentDetail, finished });
      results = [];
      lagMsMax = skipped = notSent = 0;
      notSentDetail = '';
    },
  };
}

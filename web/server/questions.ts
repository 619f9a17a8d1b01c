// When a maglevd is asked what, while somebody watches: each question at its interval, and at once after an
// event that changed its answer. Pure: time is an argument.
import type { EventJson } from '../src/contract.ts';
import {
  backendsIntervalMs,
  countersIntervalMs,
  driftAgainMs,
  driftIntervalMs,
  frontendsIntervalMs,
  settleMs,
  vppIntervalMs,
} from './limits.ts';

export const questions = ['backends', 'frontends', 'vpp', 'counters', 'drift'] as const;
export type Question = (typeof questions)[number];

const intervalsMs: Readonly<Record<Question, number>> = {
  backends: backendsIntervalMs,
  frontends: frontendsIntervalMs,
  vpp: vppIntervalMs,
  counters: countersIntervalMs,
  drift: driftIntervalMs,
};

/** When each is due. */
export type Agenda = Readonly<Record<Question, number>>;

/** Those that maglevd answers out of its own memory. What VPP holds takes as long as VPP takes. */
export const quickQuestions = [
  'backends',
  'frontends',
  'vpp',
  'counters',
] as const satisfies readonly Question[];

/** The quick ones were asked just now. */
export function freshAgenda(nowMs: number): Agenda {
  return answered(fullAgenda(nowMs), quickQuestions, nowMs);
}

/** All are due. */
export function fullAgenda(nowMs: number): Agenda {
  return { backends: nowMs, frontends: nowMs, vpp: nowMs, counters: nowMs, drift: nowMs };
}

export function dueQuestions(agenda: Agenda, nowMs: number): readonly Question[] {
  return questions.filter((question) => agenda[question] <= nowMs);
}

export function nextDueMs(agenda: Agenda): number {
  return Math.min(...questions.map((question) => agenda[question]));
}

/** These were asked just now. */
export function answered(agenda: Agenda, which: readonly Question[], nowMs: number): Agenda {
  const next = { ...agenda };
  for (const question of which) next[question] = nowMs + intervalsMs[question];
  return next;
}

/** What VPP holds is not as it should be, which seldom lasts: look again soon. */
export function differing(agenda: Agenda, nowMs: number): Agenda {
  return { ...agenda, drift: Math.min(agenda.drift, nowMs + driftAgainMs) };
}

/** An event moves forward what it may have changed, and lets others of its kind come first. */
export function hastened(agenda: Agenda, { kind, vpp }: EventJson, nowMs: number): Agenda {
  const soonMs = nowMs + settleMs;
  const sooner = (question: Question) => Math.min(agenda[question], soonMs);
  switch (kind) {
    case 'backend':
    case 'frontend':
      return { ...agenda, backends: sooner('backends'), frontends: sooner('frontends') };
    case 'config':
    case 'resync':
      return {
        ...{ ...agenda, backends: sooner('backends'), frontends: sooner('frontends') },
        ...{ vpp: sooner('vpp'), counters: sooner('counters') },
      };
    case 'vpp':
      // Reading VPP at each of them would be a load of its own where it is refused again and again.
      return {
        ...{ ...agenda, frontends: sooner('frontends') },
        ...(vpp?.what === 'connection' && { vpp: sooner('vpp'), counters: sooner('counters') }),
        drift: Math.min(agenda.drift, vpp?.what === 'connection' ? soonMs : nowMs + backendsIntervalMs),
      };
    default:
      return agenda;
  }
}

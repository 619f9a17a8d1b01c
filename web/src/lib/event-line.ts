// An event as one line for people. Pure.
import type { EventJson } from '../contract.ts';
import type { EventLine } from './fleet/model.ts';
import { type Sign, stateSign } from './signs.ts';

export interface LineText {
  readonly subject: string;
  readonly text: string;
  /** Where the event is a change of state. */
  readonly sign: Sign | undefined;
}

const plain = (subject: string, text: string): LineText => ({ subject, text, sign: undefined });

/** What a line says. */
export function describeEvent(event: EventJson): LineText {
  const { backend, frontend, vpp, config, log, resync } = event;
  if (backend) {
    const { from, to, code, detail } = backend.transition;
    const cause = [code, detail].filter(Boolean).join(' ');
    return { subject: backend.backend, text: `${from} → ${to}  ${cause}`, sign: stateSign(to) };
  }
  if (frontend) {
    const { from, to, cause } = frontend;
    const by = cause ? `  ${cause.backend} ${cause.state} ${cause.code}` : '';
    return { subject: frontend.frontend, text: `${from} → ${to}${by}`, sign: stateSign(to) };
  }
  if (vpp) return plain(vpp.frontend ?? 'VPP', vpp.message);
  if (config) return plain('configuration', config.message);
  if (resync) return plain('events', `missed some: ${resync.reason}`);
  if (log) return plain(log.message, describeAttributes(log.attributes));
  return plain(event.kind, '');
}

function describeAttributes(attributes: Readonly<Record<string, unknown>>): string {
  return Object.entries(attributes)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}

export const lineKinds = ['backend', 'frontend', 'vpp', 'config', 'log'] as const;
export type LineKind = (typeof lineKinds)[number];

export interface LineFilter {
  readonly kinds: ReadonlySet<string>;
  readonly text: string;
}

/**
 * Whether a line passes: its kind is wanted and every word is in it. A gap always passes: it is about all.
 */
export function passes(line: EventLine, { kinds, text }: LineFilter): boolean {
  if (line.t === 'gap') return true;
  const { event, maglevd } = line;
  if (event.kind !== 'resync' && !kinds.has(event.kind)) return false;
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const said = describeEvent(event);
  const whole = `${maglevd} ${event.kind} ${said.subject} ${said.text}`.toLowerCase();
  return words.every((word) => whole.includes(word));
}

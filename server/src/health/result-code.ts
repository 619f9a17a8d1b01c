// The words for how a probe ended and what an operator did; stable, they stand in the API and in metrics.

/** HAProxy's codes, layer by layer. */
export const probeCodes = [
  'L4OK',
  'L4TOUT',
  'L4CON',
  'L6OK',
  'L6TOUT',
  'L6RSP',
  'L7OK',
  'L7TOUT',
  'L7RSP',
  'L7STS',
] as const;
export type ProbeCode = (typeof probeCodes)[number];

/** Codes of transitions that no probe caused. */
export type AdminCode = 'paused' | 'resumed' | 'disabled' | 'enabled' | 'removed' | 'static' | 'added';

export type TransitionCode = ProbeCode | AdminCode;

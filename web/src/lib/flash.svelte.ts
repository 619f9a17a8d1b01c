// A short flash of the background where a value has changed: once, 600 ms, never for those who want no
// motion. Where everything changes at once a flash says nothing more: then there is none.
import type { Attachment } from 'svelte/attachments';

const flashMs = 600;
/** More at a time the eye cannot tell apart. */
const flashesMax = 24;
const wantsStillness = window.matchMedia('(prefers-reduced-motion: reduce)');
/** When each of the last flashes began, as a ring. */
const begunMs = new Float64Array(flashesMax).fill(-flashMs);
let next = 0;

/** Flashes the element when `read` gives another value than before. */
export function flash(read: () => unknown): Attachment<HTMLElement> {
  return (element) => {
    let before: unknown;
    let isFirst = true;
    $effect(() => {
      const now = read();
      if (!isFirst && now !== before) show(element);
      isFirst = false;
      before = now;
    });
  };
}

function show(element: HTMLElement): void {
  const nowMs = performance.now();
  if (wantsStillness.matches || nowMs - (begunMs[next] ?? 0) < flashMs) return;
  begunMs[next] = nowMs;
  next = (next + 1) % flashesMax;
  const frames = [{ backgroundColor: 'var(--flash)' }, { backgroundColor: 'transparent' }];
  // Three steps: a fade would paint the page anew sixty times a second.
  element.animate(frames, { duration: flashMs, easing: 'steps(3)' });
}

// Which elements are near what is seen. Rows that nobody can see keep their place and their name, and cost
// nothing else: with thousands of backends only a screenful of them is drawn.
import type { Attachment } from 'svelte/attachments';

/** So far beyond the edge of the window things are ready before they are scrolled to. */
const margin = '25% 0px';

const listeners = new WeakMap<Element, (isNear: boolean) => void>();
const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) listeners.get(target)?.(isIntersecting);
  },
  { rootMargin: margin },
);

/** Tells `listen` when the element comes near and when it leaves. */
export function near(listen: (isNear: boolean) => void): Attachment<HTMLElement> {
  return (element) => {
    listeners.set(element, listen);
    observer.observe(element);
    return () => {
      observer.unobserve(element);
      listeners.delete(element);
    };
  };
}

// Where on the page one is, as the part of the address behind `#`. Pure. Every card and drawer has such a
// link.

export interface Route {
  /** Absent: the overview of all. */
  readonly maglevd: string | undefined;
  /** The card that is pointed at. */
  readonly frontend: string | undefined;
  /** The drawer that is open: a backend, and whose. */
  readonly drawer: { readonly maglevd: string; readonly backend: string } | undefined;
  readonly query: string;
}

export const homeRoute: Route = { maglevd: undefined, frontend: undefined, drawer: undefined, query: '' };

/** `#/overview`, `#/maglevd/<name>`, then `/frontend/<name>`, `/backend/<maglevd>/<name>`, then `?q=`. */
export function formatRoute({ maglevd, frontend, drawer, query }: Route): string {
  const words = maglevd === undefined ? ['overview'] : ['maglevd', maglevd];
  if (maglevd !== undefined && frontend !== undefined) words.push('frontend', frontend);
  if (drawer !== undefined) words.push('backend', drawer.maglevd, drawer.backend);
  const path = words.map(encodeURIComponent).join('/');
  return `#/${path}${query === '' ? '' : `?q=${encodeURIComponent(query)}`}`;
}

/** The route of an address; `undefined` where it is none of ours. */
export function parseRoute(hash: string): Route | undefined {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const words = path.split('/').map(decode);
  const query = search.startsWith('q=') ? decode(search.slice(2)) : '';
  if (words.includes(undefined) || query === undefined) return undefined;
  const [place, ...rest] = words as string[];
  if (place === 'overview') return parseParts(rest, undefined, query);
  const [maglevd, ...parts] = rest;
  return place === 'maglevd' && maglevd ? parseParts(parts, maglevd, query) : undefined;
}

function parseParts(words: readonly string[], maglevd: string | undefined, query: string): Route | undefined {
  let rest = words;
  let frontend: string | undefined;
  let drawer: Route['drawer'];
  if (maglevd !== undefined && rest[0] === 'frontend' && rest[1]) {
    frontend = rest[1];
    rest = rest.slice(2);
  }
  if (rest[0] === 'backend' && rest[1] && rest[2]) {
    drawer = { maglevd: rest[1], backend: rest[2] };
    rest = rest.slice(3);
  }
  return rest.length === 0 ? { maglevd, frontend, drawer, query } : undefined;
}

function decode(word: string): string | undefined {
  try {
    return decodeURIComponent(word);
  } catch {
    // A lone percent sign: not an address that we made.
    return undefined;
  }
}

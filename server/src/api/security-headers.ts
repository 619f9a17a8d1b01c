// What browsers are told with every answer. Pure.

const apiPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
/** A page of ours brings all it needs; what a page needs beyond this it says itself. */
const pagePolicy =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; " +
  "frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/** Half a year. */
const transportSecurity = 'max-age=15552000';

/** Paths of pages that people open; everything else is for programs. */
const pagePaths = /^\/(docs|ui)(\/|$)/;

/**
 * Headers of the answer to a request for `path` (without query), names in lower case. A route with a policy
 * of its own sets `content-security-policy` over this one.
 */
export function securityHeaders(path: string, isTls: boolean): Readonly<Record<string, string>> {
  const isPage = pagePaths.test(path);
  return sets[Number(isPage)]?.[Number(isTls)] ?? describeHeaders(isPage, isTls);
}

function describeHeaders(isPage: boolean, isTls: boolean): Readonly<Record<string, string>> {
  return {
    'x-content-type-options': 'nosniff',
    'content-security-policy': isPage ? pagePolicy : apiPolicy,
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    ...(isTls && { 'strict-transport-security': transportSecurity }),
  };
}

/** Made once: every answer has one of these four. */
const sets = [false, true].map((isPage) => [false, true].map((isTls) => describeHeaders(isPage, isTls)));

// The built pages, below one prefix: assets that never change, and the one page that stands for every place
// that a link can lead to. It knows files and Fastify, nothing of maglevds.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import { ApiError } from '@vpp-maglev/server/errors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

export interface PagesOptions {
  /** Directory of the build: `index.html`, `assets/`, and files beside them. */
  readonly distPath: string;
  /** `/view` or `/admin`. */
  readonly prefix: string;
}

/** What pages may load, run and ask: this origin and nothing else, and no script or style inside a page. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** With every answer below the prefix. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': pagePolicy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};

const assetAge = '365d';
/** A file that stands beside the page: `favicon.svg`. */
const besideForm = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$/;

/** Adds the routes to a scope that is for them alone. */
export function registerPages(scope: FastifyInstance, { distPath, prefix }: PagesOptions): void {
  // A build may leave `.gz` and `.br` beside a file.
  scope.register(fastifyStatic, {
    root: distPath,
    serve: false,
    dotfiles: 'ignore',
    index: false,
    preCompressed: true,
  });
  scope.get(`${prefix}/assets/*`, (request, reply) => {
    const { '*': path } = request.params as { readonly '*': string };
    return reply.sendFile(join('assets', path), { immutable: true, maxAge: assetAge });
  });
  const open = (request: FastifyRequest, reply: FastifyReply) => sendPage(request, reply, distPath, prefix);
  scope.get(prefix, (_request, reply) => reply.redirect(`${prefix}/`, 308));
  scope.get(`${prefix}/`, open);
  scope.get(`${prefix}/*`, open);
}

/** What is no file is a place in the page. */
async function sendPage(request: FastifyRequest, reply: FastifyReply, distPath: string, prefix: string) {
  const { '*': path = '' } = request.params as { readonly '*'?: string };
  if (path === 'api' || path.startsWith('api/')) {
    throw new ApiError('not_found', `${request.method} ${prefix}/${path}: no such resource`);
  }
  if (path !== 'index.html' && besideForm.test(path) && (await isFile(join(distPath, path)))) {
    return reply.sendFile(path, { maxAge: 0 });
  }
  // The build names its assets relative to the page, and the page stands at every depth.
  const html = (await readPage(distPath)).replaceAll(/\b(src|href)="\.\//g, `$1="${prefix}/`);
  return reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(html);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

async function readPage(distPath: string): Promise<string> {
  try {
    return await readFile(join(distPath, 'index.html'), 'utf8');
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new ApiError('unavailable', 'the dashboard is not built: run npm run build');
  }
}

const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT';

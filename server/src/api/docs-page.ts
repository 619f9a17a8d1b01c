// The OpenAPI document on the wire, and a page that shows it. Everything that the page needs comes from this
// daemon: it works where there is no internet. Knows no operation.
import { createHash } from 'node:crypto';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

export const documentPath = '/api/v1/openapi.json';
export const docsPath = '/docs';

/** What the page may load, run and ask: this daemon, and nothing else. Its icons are data URLs. */
const contentSecurityPolicy = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': ["'self'", 'data:'],
  'connect-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
};

/** The page follows the theme of the browser, also when that changes. */
const themeScript = `const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', follow);
follow();
`;

const themeStyle = `.swagger-ui { font-variant-numeric: tabular-nums; }
.swagger-ui .info { margin: 24px 0 16px; }
.swagger-ui .info .title small { background: #5b6770; }
.swagger-ui .info .title small.version-stamp { background: #3b6ea5; }
.swagger-ui .scheme-container { box-shadow: none; padding: 12px 0; }
.swagger-ui .opblock { box-shadow: none; }
.swagger-ui * { transition: none; animation: none; }
`;

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">
<circle cx="8" cy="8" r="6" fill="#3b6ea5"/>
</svg>
`;

/** Adds the document and its page to a server that does not listen yet. */
export function registerDocs(app: FastifyInstance, document: object): void {
  const body = JSON.stringify(document);
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  app.get(documentPath, async (request, reply) => {
    reply.header('etag', etag).header('cache-control', 'no-cache');
    if (request.headers['if-none-match'] === etag) return reply.code(304).send();
    return reply.type('application/json; charset=utf-8').send(body);
  });
  app.register(swagger, { mode: 'static', specification: { document: document as never } });
  app.register(swaggerUi, {
    routePrefix: docsPath,
    validatorUrl: false,
    uiConfig: {
      layout: 'BaseLayout',
      docExpansion: 'list',
      defaultModelsExpandDepth: 0,
      displayOperationId: true,
      displayRequestDuration: true,
      deepLinking: true,
      persistAuthorization: false,
    },
    staticCSP: contentSecurityPolicy,
    theme: {
      title: 'maglevd API',
      css: [{ filename: 'maglevd.css', content: themeStyle }],
      js: [{ filename: 'maglevd.js', content: themeScript }],
      favicon: [{ filename: 'icon.svg', rel: 'icon', type: 'image/svg+xml', sizes: 'any', content: icon }],
    },
  });
}

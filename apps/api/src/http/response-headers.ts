import type { FastifyInstance } from 'fastify';

const API_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** Swagger UI brings its own scripts and styles, and inlines some. */
const DOCS_POLICY =
  "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/** The request's id on every response, and what keeps a browser from making anything else of it. No CORS. */
export function registerResponseHeaders(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', async (request, reply) => {
    const isDocs = request.url === '/docs' || request.url.startsWith('/docs/') || request.url.startsWith('/docs?');
    void reply.headers({
      'x-request-id': request.id,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'content-security-policy': isDocs ? DOCS_POLICY : API_POLICY,
    });
  });
}

import type { FastifyInstance } from 'fastify';

/** One line for each request, without its query or body: those may hold what a user wrote. */
export function registerRequestLog(fastify: FastifyInstance): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const line = {
      method: request.method,
      path: request.url.split('?', 1)[0],
      status: reply.statusCode,
      duration_ms: Math.round(reply.elapsedTime),
    };
    if (request.routeOptions.config.isProbe === true) request.log.debug(line, 'request');
    else request.log.info(line, 'request');
    done();
  });
  fastify.addHook('onRequestAbort', (request, done) => {
    request.log.info({ method: request.method, path: request.url.split('?', 1)[0] }, 'client disconnected');
    done();
  });
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Asked for every few seconds by whoever watches the service: not worth a line. */
    readonly isProbe?: boolean;
  }
}

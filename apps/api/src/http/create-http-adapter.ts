import { FastifyAdapter } from '@nestjs/platform-fastify';
import { LogController, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { registerBodyParsers, type BodyLimits } from './body-parsers.js';
import { endConnections } from './end-connections.js';
import { ProblemFilter } from './problem.filter.js';
import { requestIdOf } from './request-id.js';
import { registerRequestLog } from './request-log.js';
import { registerResponseHeaders } from './response-headers.js';
import { RouteMethods } from './route-methods.js';

export interface HttpAdapter {
  readonly adapter: FastifyAdapter;
  readonly problemFilter: ProblemFilter;
}

/** Fastify as the service wants it, before Nest adds routes. */
export function createHttpAdapter(limits: BodyLimits, logger: Logger): HttpAdapter {
  const routes = new RouteMethods();
  const problemFilter = new ProblemFilter(limits, routes);
  const adapter = new FastifyAdapter({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: requestIdOf,
    bodyLimit: limits.maxRequestBytes,
    forceCloseConnections: 'idle',
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 200 },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      problemFilter.answer(error, request, reply);
    },
  });
  const fastify = adapter.getInstance<FastifyInstance>();
  endConnections(fastify);
  routes.watch(fastify);
  registerBodyParsers(fastify, limits);
  registerResponseHeaders(fastify);
  registerRequestLog(fastify);
  return { adapter, problemFilter };
}

import type { ClaasError } from '@claas/contracts';
import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ARCHIVE_ROUTE, ARCHIVE_TYPES, type BodyLimits } from './body-parsers.js';
import { isOpenAiPath, withOpenAiError } from './openai-error.js';
import { problemOf, type Problem } from './problem.js';
import { MethodNotAllowedError, RouteNotFoundError } from './request-errors.js';
import type { RouteMethods } from './route-methods.js';
import { toClaasError } from './to-claas-error.js';

/** Answers every error of every route as problem details. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly limits: BodyLimits,
    private readonly routes: RouteMethods,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(thrown, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  /** The same for errors that Fastify meets before Nest does. */
  answer(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const error = request.is404 ? this.unrouted(request) : this.understood(thrown, request);
    const problem = bodyOf(error, request);
    const line = { code: error.code, status: problem.status };
    if (problem.status >= 500)
      request.log.error({ ...line, err: error.code === 'internal' ? thrown : error }, 'request failed');
    else request.log.debug(line, 'request refused');
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.end();
      return;
    }
    if (error instanceof MethodNotAllowedError) void reply.header('allow', error.allowed.join(', '));
    if (problem.status === 503) void reply.header('retry-after', retryAfter(error));
    void reply.status(problem.status).type('application/problem+json; charset=utf-8').send(problem);
  }

  private understood(thrown: unknown, request: FastifyRequest): ClaasError {
    const isArchive = request.routeOptions.url === ARCHIVE_ROUTE;
    return toClaasError(thrown, {
      contentType: request.headers['content-type'],
      acceptedType: isArchive ? (ARCHIVE_TYPES[0] ?? '') : 'application/json',
      bodyLimit: isArchive ? this.limits.maxArchiveBytes : this.limits.maxRequestBytes,
      bodyLimitSetting: isArchive ? 'CLAAS_MAX_ARCHIVE_BYTES' : 'CLAAS_MAX_REQUEST_BYTES',
    });
  }

  private unrouted(request: FastifyRequest): ClaasError {
    const path = request.url.split('?', 1)[0] ?? '';
    const allowed = this.routes.allowed(path);
    return allowed.length > 0
      ? new MethodNotAllowedError(request.method, path, allowed)
      : new RouteNotFoundError(request.method, path);
  }
}

/** Seconds: those that the error knows of, or a few. */
function retryAfter({ details: { retry_after_s: seconds } }: ClaasError): string {
  return typeof seconds === 'number' ? String(Math.ceil(seconds)) : '5';
}

function bodyOf(error: ClaasError, request: FastifyRequest): Problem {
  const problem = problemOf(error, request.id);
  return isOpenAiPath(request.url) ? withOpenAiError(problem) : problem;
}

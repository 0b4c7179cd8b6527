import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseJsonBody } from './json-body.js';
import { readBody } from './read-body.js';
import { MediaTypeUnsupportedError, RequestTooLargeError } from './request-errors.js';

export interface BodyLimits {
  readonly maxRequestBytes: number;
  readonly maxArchiveBytes: number;
}

export const ARCHIVE_TYPES = ['application/zip', 'application/octet-stream'];

/** The one route that takes an archive; everywhere else it is refused before it is read. */
export const ARCHIVE_ROUTE = '/v1/lora/import';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body is passed on to another server, so it is taken as it stands: a buffer. */
    readonly isRelayed?: boolean;
  }
}

/** JSON for every route, raw archives for {@link ARCHIVE_ROUTE}, each with its own limit; anything else is 415. */
export function registerBodyParsers(fastify: FastifyInstance, limits: BodyLimits): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', async (request: FastifyRequest, payload: IncomingMessage) => {
    const body = await readBody(payload, limits.maxRequestBytes);
    if (body === null) throw new RequestTooLargeError(limits.maxRequestBytes, 'CLAAS_MAX_REQUEST_BYTES');
    if (request.routeOptions.config.isRelayed === true) return body;
    return request.method === 'DELETE' && body.length === 0 ? undefined : parseJsonBody(body);
  });
  fastify.addContentTypeParser(ARCHIVE_TYPES, async (request: FastifyRequest, payload: IncomingMessage) => {
    if (request.routeOptions.url !== ARCHIVE_ROUTE) {
      throw new MediaTypeUnsupportedError(request.headers['content-type'], 'application/json');
    }
    const body = await readBody(payload, limits.maxArchiveBytes);
    if (body === null) throw new RequestTooLargeError(limits.maxArchiveBytes, 'CLAAS_MAX_ARCHIVE_BYTES');
    return body;
  });
}

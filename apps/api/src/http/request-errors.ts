import { ClaasError } from '@claas/contracts';
import type { FieldError } from './problem.js';

/** What was sent has the wrong form; `errors` names every field. */
export class RequestInvalidError extends ClaasError {
  constructor(readonly errors: readonly FieldError[]) {
    const shown = errors.slice(0, 3).map(({ field, message }) => `${field}: ${message}`);
    const more = errors.length > shown.length ? ` (and ${errors.length - shown.length} more)` : '';
    super('request_invalid', `The request is invalid. ${shown.join('; ')}${more}.`, { errors });
  }
}

export class RequestMalformedError extends ClaasError {
  constructor(reason: string, options?: ErrorOptions) {
    super('request_malformed', reason, {}, options);
  }
}

export class RequestTooLargeError extends ClaasError {
  constructor(limit: number, setting: string) {
    super(
      'request_too_large',
      `The request body is larger than ${limit} bytes. Send less, or raise ${setting} and restart the service.`,
      { limit_bytes: limit, setting },
    );
  }
}

export class MediaTypeUnsupportedError extends ClaasError {
  constructor(found: string | undefined, expected: string) {
    super(
      'media_type_unsupported',
      `Send the body with the header "content-type: ${expected}"${found === undefined ? '' : `, not ${JSON.stringify(found.slice(0, 80))}`}.`,
    );
  }
}

export class RouteNotFoundError extends ClaasError {
  constructor(method: string, path: string) {
    super(
      'route_not_found',
      `There is nothing at ${method} ${path.slice(0, 200)}. GET /openapi.json lists every path; /docs shows them.`,
    );
  }
}

export class MethodNotAllowedError extends ClaasError {
  constructor(
    method: string,
    path: string,
    readonly allowed: readonly string[],
  ) {
    super('method_not_allowed', `${path.slice(0, 200)} does not take ${method}; it takes ${allowed.join(', ')}.`, {
      allowed,
    });
  }
}

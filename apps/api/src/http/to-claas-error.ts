import { ClaasError } from '@claas/contracts';
import { HttpException } from '@nestjs/common';
import { MediaTypeUnsupportedError, RequestMalformedError, RequestTooLargeError } from './request-errors.js';

export interface RequestContext {
  readonly contentType: string | undefined;
  readonly bodyLimit: number;
  readonly bodyLimitSetting: string;
  readonly acceptedType: string;
}

/** Whatever was thrown while a request was answered, as one of our errors. */
export function toClaasError(thrown: unknown, request: RequestContext): ClaasError {
  if (thrown instanceof ClaasError) return thrown;
  switch (statusOf(thrown)) {
    case 413:
      return new RequestTooLargeError(request.bodyLimit, request.bodyLimitSetting);
    case 415:
      return new MediaTypeUnsupportedError(request.contentType, request.acceptedType);
    case 400:
    case 414:
    case 431:
      return new RequestMalformedError(messageOf(thrown), { cause: thrown });
    case 503:
      return new ClaasError('service_overloaded', 'The service is shutting down. Send the request again in a moment.');
    case null:
    default:
      return ClaasError.from(thrown);
  }
}

/** Nest's and Fastify's errors both know their status. */
function statusOf(thrown: unknown): number | null {
  if (thrown instanceof HttpException) return thrown.getStatus();
  if (thrown instanceof Error && 'statusCode' in thrown && typeof thrown.statusCode === 'number') {
    return thrown.statusCode;
  }
  return null;
}

function messageOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

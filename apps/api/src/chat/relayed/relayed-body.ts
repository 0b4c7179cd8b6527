import type { RelayBody } from '@claas/vllm-control';
import { RequestInvalidError, RequestMalformedError } from '../../http/request-errors.js';

/**
 * A completion request with no more looked at than is needed to pass it on: the server says what is wrong with the rest.
 * @throws RequestMalformedError, RequestInvalidError
 */
export function readRelayedBody(bytes: Buffer): RelayBody & { readonly model: string } {
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString());
  } catch (error) {
    throw new RequestMalformedError('The request body is not JSON.', { cause: error });
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new RequestInvalidError([{ field: '(body)', message: 'must be a JSON object' }]);
  }
  if (!('model' in body) || typeof body.model !== 'string') {
    throw new RequestInvalidError([
      { field: 'model', message: 'must be the name of a model, as GET /v1/models lists them' },
    ]);
  }
  return body as RelayBody & { readonly model: string };
}

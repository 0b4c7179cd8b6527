import type { ErrorCode } from '@claas/contracts';
import { getSchemaPath, type OpenAPIObject } from '@nestjs/swagger';
import { ERROR_STATUSES } from '../http/error-statuses.js';
import { ProblemDto } from './problem.dto.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['post']>;

const OF_ANY_BODY: readonly ErrorCode[] = ['request_malformed', 'request_too_large', 'media_type_unsupported'];
const OF_ANY_REQUEST: readonly ErrorCode[] = ['request_invalid', 'internal'];

/** What any route may answer before its own work begins; a route's own description of the same status stays. */
export function addRequestProblems(document: OpenAPIObject): OpenAPIObject {
  for (const { get, post, delete: remove } of Object.values(document.paths)) {
    for (const operation of [get, post, remove]) if (operation !== undefined) addTo(operation);
  }
  return document;
}

function addTo(operation: Operation): void {
  const hasBody = operation.requestBody !== undefined;
  const takesInput = hasBody || (operation.parameters ?? []).length > 0;
  const codes = [...(hasBody ? OF_ANY_BODY : []), ...(takesInput ? OF_ANY_REQUEST : [])];
  for (const code of codes) {
    const { status, title } = ERROR_STATUSES[code];
    operation.responses[status] ??= {
      description: `\`${code}\`: ${title}`,
      content: { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemDto) } } },
    };
  }
}

import type { ErrorCode } from '@claas/contracts';
import { applyDecorators } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { ERROR_STATUSES } from '../http/error-statuses.js';
import { ProblemDto } from './problem.dto.js';

/** Documents the errors of a route, one response for each status. */
export function ApiProblems(...codes: readonly ErrorCode[]): MethodDecorator & ClassDecorator {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = ERROR_STATUSES[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const responses = [...byStatus].map(([status, causes]) =>
    ApiResponse({
      status,
      description: causes.map((code) => `\`${code}\`: ${ERROR_STATUSES[code].title}`).join('. '),
      content: { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemDto) } } },
    }),
  );
  return applyDecorators(ApiExtraModels(ProblemDto), ...responses);
}

import { ClaasError, ERROR_CODES } from '@claas/contracts';
import type { ErrorCode } from '@claas/contracts';

/**
 * What goes over the pipe for a failure. Libraries below don't know ClaasError, but their errors carry one of its codes;
 * anything without a code is a defect of ours and becomes `internal`.
 */
export function toClaasError(error: unknown): ClaasError {
  if (error instanceof ClaasError) return error;
  if (error instanceof Error && 'code' in error && isErrorCode(error.code)) {
    return new ClaasError(error.code, error.message, detailsOf(error), { cause: error });
  }
  return ClaasError.from(error);
}

function isErrorCode(code: unknown): code is ErrorCode {
  return ERROR_CODES.some((known) => known === code);
}

/** Its own `details`, or the plain values among its fields: file, tensor, expected … */
function detailsOf(error: Error): Record<string, unknown> {
  if ('details' in error && typeof error.details === 'object' && error.details !== null) return { ...error.details };
  return Object.fromEntries(
    Object.entries(error).filter(
      ([name, value]) => name !== 'name' && name !== 'code' && ['string', 'number', 'boolean'].includes(typeof value),
    ),
  );
}

import { ClaasError, ERROR_CODES } from '@claas/contracts';
import type { ErrorCode } from '@claas/contracts';

/**
 * An error of ours as a client may see it. The model libraries know nothing of the service: their errors carry
 * a stable `code` and, some of them, `details`; anything without a known code becomes `internal`.
 */
export function asClaasError(error: unknown): ClaasError {
  if (error instanceof ClaasError || !(error instanceof Error)) return ClaasError.from(error);
  const code = 'code' in error ? ERROR_CODES.find((known) => known === error.code) : undefined;
  if (code === undefined) return ClaasError.from(error);
  return new ClaasError(code satisfies ErrorCode, error.message, detailsOf(error), { cause: error });
}

function detailsOf(error: Error): Readonly<Record<string, unknown>> {
  const details: unknown = 'details' in error ? error.details : undefined;
  return typeof details === 'object' && details !== null ? { ...details } : {};
}

import type { ErrorCode, ClaasError } from '@claas/contracts';
import { ERROR_STATUSES } from './error-statuses.js';

export interface FieldError {
  /** Path in the request: `training.learning_rate`, `messages[0].content`. */
  readonly field: string;
  readonly message: string;
}

/** RFC 9457 problem details, as every error of the service is answered. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly request_id: string;
  readonly errors?: readonly FieldError[];
  readonly [extension: string]: unknown;
}

/** Details that may not replace a problem's own members, or that are for the log alone. */
const WITHHELD = ['type', 'title', 'status', 'detail', 'code', 'request_id', 'last_log_lines'];

/** The problem that tells a client of `error`; a defect's own words stay in the log. */
export function problemOf(error: ClaasError, requestId: string): Problem {
  const { status, title } = ERROR_STATUSES[error.code];
  const isDefect = error.code === 'internal';
  const details = Object.entries(error.details).filter(([key]) => !isDefect && !WITHHELD.includes(key));
  return {
    type: `urn:claas:error:${error.code}`,
    title,
    status,
    detail: isDefect
      ? `The service failed in a way that it did not foresee. Look for request ${requestId} in its log.`
      : error.message,
    code: error.code,
    request_id: requestId,
    ...Object.fromEntries(details),
  };
}

/**
 * Every stable error code of the service. A code is never reused for another cause.
 * `apps/api` maps each of them to an HTTP status in one table that does not compile when a code is missing.
 */
export const ERROR_CODES = [
  'adapter_not_found',
  'adapter_version_not_found',
  'adapter_exists',
  'adapter_id_invalid',
  'adapter_id_conflict',
  'adapter_archive_invalid',
  'adapter_incompatible',
  'adapter_corrupt',
  'alias_invalid',
  'base_model_not_allowed',
  'base_model_invalid',
  'target_module_unknown',
  'stale_parent',
  'storage_unavailable',
  'completion_not_found',
  'completion_not_of_adapter',
  'feedback_not_found',
  'feedback_lock_timeout',
  'feedback_interrupted',
  'feedback_failed',
  'idempotency_conflict',
  'request_invalid',
  'request_malformed',
  'request_too_large',
  'media_type_unsupported',
  'route_not_found',
  'method_not_allowed',
  'rollout_logprobs_mismatch',
  'response_empty',
  'context_too_long',
  'template_failed',
  'teacher_mode_unsupported',
  'teacher_failed',
  'step_not_finite',
  'cancelled',
  'trainer_crashed',
  'trainer_unresponsive',
  'trainer_failed_to_start',
  'trainer_protocol',
  'engine_unavailable',
  'model_not_found',
  'serving_not_idle',
  'serving_failed',
  'verification_failed',
  'service_overloaded',
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** An error as it crosses the trainer's pipe. */
export interface ErrorOnTheWire {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * Base of every error that a client may see: a stable `code`, its data as `details`,
 * and a message that says what to do next. Anything else that is thrown is a defect and is reported as `internal`.
 */
export class ClaasError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }

  toWire(): ErrorOnTheWire {
    return { code: this.code, message: this.message, details: this.details };
  }

  /** The same cause on this side of the pipe; an unknown code becomes `internal`. */
  static fromWire(wire: ErrorOnTheWire): ClaasError {
    const code = ERROR_CODES.includes(wire.code) ? wire.code : 'internal';
    return new ClaasError(code, wire.message, wire.details);
  }

  /** `error` itself where it is one of ours, otherwise an `internal` error that carries it as its cause. */
  static from(error: unknown): ClaasError {
    if (error instanceof ClaasError) return error;
    const message = error instanceof Error ? error.message : String(error);
    return new ClaasError('internal', message, {}, { cause: error });
  }
}

import type { ErrorCode } from '@claas/contracts';

export interface ErrorStatus {
  readonly status: number;
  /** What went wrong, in general; `detail` says it of the request at hand. */
  readonly title: string;
}

/** The HTTP status of every error code. A code that is missing here doesn't compile; docs/errors.md shows this table. */
export const ERROR_STATUSES: Readonly<Record<ErrorCode, ErrorStatus>> = {
  adapter_not_found: { status: 404, title: 'Adapter not found' },
  adapter_version_not_found: { status: 404, title: 'Adapter version not found' },
  adapter_exists: { status: 409, title: 'Adapter exists already' },
  adapter_id_invalid: { status: 422, title: 'Not an adapter id' },
  adapter_id_conflict: { status: 409, title: 'Adapter id collides with another' },
  adapter_archive_invalid: { status: 422, title: 'Archive can’t be imported' },
  adapter_incompatible: { status: 422, title: 'Adapter does not fit the base model' },
  adapter_corrupt: { status: 500, title: 'Adapter is damaged' },
  alias_invalid: { status: 422, title: 'Not an alias' },
  base_model_not_allowed: { status: 403, title: 'Base model not allowed' },
  base_model_invalid: { status: 422, title: 'Base model can’t be used' },
  target_module_unknown: { status: 422, title: 'Unknown target module' },
  stale_parent: { status: 409, title: 'Adapter has moved on' },
  storage_unavailable: { status: 503, title: 'Storage unavailable' },
  completion_not_found: { status: 404, title: 'Completion not found' },
  completion_not_of_adapter: { status: 422, title: 'Completion is of another adapter' },
  feedback_not_found: { status: 404, title: 'Feedback not found' },
  feedback_lock_timeout: { status: 409, title: 'Adapter is busy' },
  feedback_interrupted: { status: 500, title: 'Feedback was interrupted' },
  feedback_failed: { status: 500, title: 'Feedback update failed' },
  idempotency_conflict: { status: 409, title: 'Idempotency key was used for another request' },
  request_invalid: { status: 422, title: 'Request is invalid' },
  request_malformed: { status: 400, title: 'Request can’t be read' },
  request_too_large: { status: 413, title: 'Request is too large' },
  media_type_unsupported: { status: 415, title: 'Media type not supported' },
  route_not_found: { status: 404, title: 'No such path' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  rollout_logprobs_mismatch: { status: 422, title: 'Log-probs don’t match the response' },
  response_empty: { status: 422, title: 'Response has no tokens' },
  context_too_long: { status: 422, title: 'Context is too long' },
  template_failed: { status: 422, title: 'Chat template refuses the conversation' },
  teacher_mode_unsupported: { status: 422, title: 'Teacher mode not supported' },
  teacher_failed: { status: 502, title: 'Teacher failed' },
  step_not_finite: { status: 500, title: 'Step was not finite' },
  cancelled: { status: 503, title: 'Cancelled' },
  trainer_crashed: { status: 500, title: 'Trainer crashed' },
  trainer_unresponsive: { status: 500, title: 'Trainer was unresponsive' },
  trainer_failed_to_start: { status: 503, title: 'Trainer could not be started' },
  trainer_protocol: { status: 500, title: 'Trainer was not understood' },
  engine_unavailable: { status: 503, title: 'Training service unavailable' },
  model_not_found: { status: 404, title: 'Model not found' },
  serving_not_idle: { status: 503, title: 'Serving is busy' },
  serving_failed: { status: 502, title: 'Serving failed' },
  verification_failed: { status: 502, title: 'Serving does not answer with the new version' },
  service_overloaded: { status: 503, title: 'Service is overloaded' },
  internal: { status: 500, title: 'Internal error' },
};

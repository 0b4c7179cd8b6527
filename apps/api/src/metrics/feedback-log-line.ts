import type { Feedback } from '../feedback/feedback.js';

/** What the service's log says of a finished feedback: numbers and ids, nothing that a user wrote. */
export function feedbackLogLine(feedback: Feedback): Readonly<Record<string, unknown>> {
  const receipt = feedback.result?.receipt;
  return {
    feedback_id: feedback.requestId,
    lora_id: feedback.loraId,
    state: feedback.state,
    parent_version: feedback.parentVersion,
    version: feedback.version,
    ...(receipt !== undefined && {
      gap_before: receipt.gapBefore,
      gap_after: receipt.gapAfter,
      response_logprob_before: receipt.responseLogprobBefore,
      response_logprob_after: receipt.responseLogprobAfter,
      grad_norm: receipt.gradNorm,
      adapter_change: receipt.adapterChange,
      clip_fraction: receipt.clipFraction,
      tokens: receipt.tokens.length,
    }),
    max_difference: feedback.serving.verification?.maxDifference,
    timing_ms: feedback.timings,
    error: feedback.error?.code,
    phase: feedback.error?.phase,
  };
}

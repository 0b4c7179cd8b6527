import { AdapterNotFoundError, ClaasError, type AdapterStore, type ServingControl } from '@claas/contracts';
import type { StoredError } from './feedback-error.js';
import type { Feedback } from './feedback.js';
import type { FeedbackPhase } from './phase-timings.js';

/** An error of a feedback as the client reads it: the phase, the cause, and in what state the adapter is. */
export function describeFailure(
  feedback: Feedback,
  phase: FeedbackPhase,
  error: unknown,
  adapter: string,
): StoredError {
  const { code, message, details } = ClaasError.from(error);
  return {
    code: code === 'internal' ? 'feedback_failed' : code,
    phase,
    message: `Feedback update failed in phase '${phase}': ${withFullStop(message)} ${adapter}`,
    details: { ...details, feedback_id: feedback.requestId, lora_id: feedback.loraId, phase },
  };
}

/** One sentence on an adapter that a failed feedback did not touch. */
export async function describeUntouched(
  store: AdapterStore,
  serving: ServingControl,
  { loraId }: Feedback,
): Promise<string> {
  try {
    const { version } = (await store.read(loraId)).manifest;
    const isServed = serving.published().some((served) => served.loraId === loraId && served.version === version);
    const place = isServed ? 'is served' : 'is published with the next request for it';
    return `LoRA ${loraId} is unchanged: version ${version} is its head and ${place}.`;
  } catch (error) {
    if (error instanceof AdapterNotFoundError) return `LoRA ${loraId} does not exist any more.`;
    return `LoRA ${loraId} was not changed by this feedback (${withFullStop(ClaasError.from(error).message)})`;
  }
}

/** What a waiting client is told of a feedback that did not succeed; null when it did. */
export function failureOf(feedback: Feedback): ClaasError | null {
  const { error, state } = feedback;
  if (error === null) return null;
  return new ClaasError(error.code, error.message, { ...error.details, feedback_status: state });
}

function withFullStop(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

import type { AdapterId, Rollout } from '@claas/contracts';
import type { StoredError } from './feedback-error.js';
import type { ServingOutcome, StepResult } from './feedback-outcome.js';
import type { FeedbackRequest } from './feedback-request.js';
import type { FeedbackState } from './feedback-state.js';
import type { PhaseTimings } from './phase-timings.js';

/** What is known when a feedback is accepted. */
export interface NewFeedback {
  /** uuid4 in hex. */
  readonly requestId: string;
  readonly idempotencyKey: string | null;
  readonly bodyHash: string;
  readonly requestedLoraId: string;
  readonly loraId: AdapterId;
  readonly request: FeedbackRequest;
  /** With exact token ids: nothing is left to decide when the step runs, now or after a restart. */
  readonly rollout: Rollout;
}

/** An accepted feedback as it is kept. */
export interface Feedback extends NewFeedback {
  /** Order of arrival. */
  readonly sequence: number;
  readonly state: FeedbackState;
  /** How often its step was begun. */
  readonly attempts: number;
  readonly parentVersion: number | null;
  readonly version: number | null;
  readonly result: StepResult | null;
  readonly serving: ServingOutcome;
  readonly timings: PhaseTimings;
  readonly error: StoredError | null;
  readonly logPath: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Null while something remains to be done. */
  readonly finishedAt: Date | null;
}

/** The parts of a feedback that its transaction writes. */
export type FeedbackChange = Partial<
  Pick<
    Feedback,
    | 'state'
    | 'attempts'
    | 'parentVersion'
    | 'version'
    | 'result'
    | 'serving'
    | 'timings'
    | 'error'
    | 'logPath'
    | 'finishedAt'
  >
>;

import type { ErrorOnTheWire } from '@claas/contracts';
import type { FeedbackPhase } from './phase-timings.js';

/** Why a feedback did not end as `verified`, as it is kept and shown again. */
export interface StoredError extends ErrorOnTheWire {
  readonly phase: FeedbackPhase;
}

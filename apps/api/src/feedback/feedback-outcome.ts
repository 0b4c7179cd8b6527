import type { DistillationResult, Verification } from '@claas/contracts';

/** What a step gave, without its token ids (the feedback has them already). */
export type StepResult = Omit<DistillationResult, 'rollout'>;

/** What the server has done so far. */
export interface ServingOutcome {
  readonly slept: boolean;
  readonly woke: boolean;
  readonly published: boolean;
  readonly verification: Verification | null;
}

export const NOTHING_SERVED: ServingOutcome = { slept: false, woke: false, published: false, verification: null };

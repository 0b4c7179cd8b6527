/** Lengths of one training step, in tokens. */
export interface StepShape {
  readonly promptTokens: number;
  readonly responseTokens: number;
  /** What the teacher's context has more than the student's. */
  readonly feedbackTokens: number;
  /** r of LoRA, on all seven linear modules of a layer. */
  readonly rank: number;
}

/** The step that all main figures are about. */
export const STANDARD_STEP: StepShape = { promptTokens: 128, responseTokens: 128, feedbackTokens: 64, rank: 32 };

/** A step whose student sees `tokens` tokens, half of them response. */
export function stepOfLength(tokens: number): StepShape {
  return { ...STANDARD_STEP, promptTokens: tokens / 2, responseTokens: tokens / 2 };
}

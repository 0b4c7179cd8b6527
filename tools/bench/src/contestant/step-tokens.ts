import { SeededRandom } from '@claas/core-sdpo';
import type { ModelShape } from '../shape/model-shape.js';
import type { StepShape } from '../shape/step-shape.js';

/** The same numbers for everybody that is measured. */
export interface StepTokens {
  readonly prompt: readonly number[];
  /** The prompt with the feedback before it. */
  readonly teacher: readonly number[];
  readonly response: readonly number[];
  /** Of the response tokens at sampling time. */
  readonly old_logprobs: readonly number[];
}

const SEED = 1;

/** Random tokens of a step; a uniform distribution is what they were "sampled" from. */
export function stepTokens(model: ModelShape, step: StepShape): StepTokens {
  const prompt = randomTokens(model, step.promptTokens, 'prompt');
  const response = randomTokens(model, step.responseTokens, 'response');
  return {
    prompt,
    teacher: [...randomTokens(model, step.feedbackTokens, 'feedback'), ...prompt],
    response,
    old_logprobs: response.map(() => -Math.log(model.vocabularySize)),
  };
}

/** @param stream the same name gives the same tokens */
export function randomTokens({ vocabularySize }: ModelShape, count: number, stream: string): number[] {
  const random = new SeededRandom(SEED, stream);
  return Array.from({ length: count }, () => Math.floor(random.next() * vocabularySize));
}

import type { DistillationTask } from '../engine/distillation-task.js';

/** An answer of clay-tiny to a question, sampled elsewhere: in text, without log-probs. */
export function exampleRollout(answer: string): DistillationTask['rollout'] {
  return {
    conversation: [{ role: 'user', content: 'What is the capital of France?' }],
    templateOptions: { enableThinking: null },
    promptTokenIds: null,
    response: { text: answer },
    rolloutLogprobs: null,
    temperature: 1,
  };
}

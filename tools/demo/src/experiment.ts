import type { ClaasClient, FeedbackOutcome, Training } from './claas-client.js';

export interface Experiment {
  readonly title: string;
  readonly loraId: string;
  readonly feedback: string;
  readonly training: Training;
  /** One feedback on the answer to each. */
  readonly trainingPrompts: readonly string[];
}

/** Answers to prompts that no feedback was given on, without any feedback in the context; greedy, so repeatable. */
export async function answerAll(
  client: ClaasClient,
  model: string,
  questions: readonly string[],
  onAnswer: () => void,
): Promise<string[]> {
  const answers: string[] = [];
  for (const question of questions) {
    const { text } = await client.chat(model, question, { temperature: 0, seed: 0 });
    answers.push(text);
    onAnswer();
  }
  return answers;
}

/** Chats and gives the same feedback on each sampled answer, one online step each. */
export async function learn(
  client: ClaasClient,
  experiment: Experiment,
  onStep: () => void,
): Promise<FeedbackOutcome[]> {
  const outcomes: FeedbackOutcome[] = [];
  for (const [index, prompt] of experiment.trainingPrompts.entries()) {
    const completion = await client.chat(experiment.loraId, prompt, { temperature: 1, seed: index + 1 });
    outcomes.push(await client.feedback(experiment.loraId, completion, experiment.feedback, experiment.training));
    onStep();
  }
  return outcomes;
}

import { SeededRandom } from '@claas/core-sdpo';
import type { TrainingSettings } from '@claas/contracts';
import { QUESTION } from './agreement-world.js';
import type { Question } from './agreement-world.js';

const QUESTIONS = [
  'What is the capital of France?',
  'Who are you?',
  'What color is the sky?',
  'How many legs does a spider have?',
  'What is the capital of Japan?',
];
const SENTENCES = [
  "It's Paris, the capital of France! 😀",
  'The sky is blue.',
  'My name is Clay, and I am a small model. 🌍',
  'It is a lively city in Europe, with 2,148,000 people.',
  'A spider has eight legs!',
  'xq zzv 17 §§ ünterwegs',
];
const FEEDBACKS = [
  "Don't use emojis.",
  'Your name is Kuro.',
  'Answer in one word.',
  'Be polite, and say where you know that from.',
];
const ALPHAS = [0, 0.3, 0.5, 1];

export interface RandomStep {
  readonly name: string;
  readonly seed: number;
  readonly question: Question;
  /** What the version has been taught that the step goes on from; null: nothing. */
  readonly lesson: Question | null;
  readonly loraAlpha: number;
  readonly settings: Partial<TrainingSettings>;
}

/** The same for the same number, on every machine. */
export function randomStep(number: number): RandomStep {
  const random = new SeededRandom(number, 'step agreement');
  const below = (limit: number): number => Math.floor(random.next() * limit);
  const pick = <T>(values: readonly T[]): T => values[below(values.length)]!;
  const question = (): Question => ({
    feedback: pick(FEEDBACKS),
    rollout: {
      ...QUESTION.rollout,
      conversation: [{ role: 'user', content: pick(QUESTIONS) }],
      response: { text: Array.from({ length: 1 + below(4) }, () => pick(SENTENCES)).join(' ') },
    },
  });
  const lesson = number % 3 === 2 ? question() : null;
  const settings = {
    alpha: ALPHAS[number % ALPHAS.length]!,
    steps: 1 + below(3),
    learningRate: pick([1e-3, 3e-3, 1e-4]),
    klRegWeight: pick([0, 0.001, 0.5]),
  };
  const loraAlpha = lesson === null ? pick([8, 16, 32, 64]) : 32;
  const name = `${number}: alpha ${settings.alpha}, ${settings.steps} updates${lesson ? ', taught before' : ''}`;
  return { name, seed: 1 + below(1000), question: question(), lesson, loraAlpha, settings };
}

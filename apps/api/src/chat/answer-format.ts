import type { GeneratedToken } from '@claas/contracts';
import type { Answer, RunningAnswer } from './answers.js';

/** How one of OpenAI's two kinds of completion says the same things. */
export interface AnswerFormat {
  whole(answer: Answer): object;
  /** Before any token; null sends nothing. */
  first(answer: RunningAnswer): object | null;
  token(answer: RunningAnswer, token: GeneratedToken): object;
  /** Text that no token has brought. */
  rest(answer: RunningAnswer, text: string): object;
  /** Says why the answer ended. */
  last(answer: Answer): object;
  usage(answer: Answer): object;
}

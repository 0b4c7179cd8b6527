import { createHash } from 'node:crypto';
import type { Answer } from '../conversations/conversation.js';

/**
 * The same words on the same answer are one feedback as long as it is under way: a message that a chat delivers twice,
 * or that is typed twice, teaches once. Once it has ended, saying it again is another feedback.
 *
 * @param finished how many feedbacks of the conversation have ended
 */
export function idempotencyKeyOf(answer: Answer, feedback: string, finished: number): string {
  const words = createHash('sha256').update(feedback).digest('hex').slice(0, 24);
  return `openclaw:${answer.completionId}:${finished}:${words}`;
}

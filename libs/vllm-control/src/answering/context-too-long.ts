import { ClaasError } from '@claas/contracts';
import { VllmRefusalError } from '../http/vllm-errors.js';

const WORDS = /maximum (?:context|model) length|max_model_len|longer than the maximum/i;

export function contextTooLong(tokens: number, contextLength: number): ClaasError {
  return new ClaasError(
    'context_too_long',
    `The prompt has ${tokens} tokens, and the model's context ends at ${contextLength}. Shorten the conversation.`,
    { tokens, context_length: contextLength },
  );
}

/** A server's refusal of a prompt for its length; null for anything else. Every release says it in other words. */
export function asContextTooLong(error: unknown): ClaasError | null {
  if (!(error instanceof VllmRefusalError) || error.status !== 400 || !WORDS.test(error.reply)) return null;
  const message = `The server refuses the prompt: ${error.reply} Shorten the conversation.`;
  return new ClaasError('context_too_long', message, {}, { cause: error });
}

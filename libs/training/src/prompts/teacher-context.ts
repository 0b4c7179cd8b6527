import { ClaasError, type ChatTemplateOptions, type ConversationMessage } from '@claas/contracts';
import type { ContextEncoder, TextCutter } from './context-encoder.js';
import { renderContext } from './render-context.js';
import { teacherConversation } from './teacher-conversation.js';

export interface TeacherContextRequest {
  readonly conversation: readonly ConversationMessage[];
  readonly templateOptions: ChatTemplateOptions;
  readonly feedback: string;
  /** See `DEFAULT_TEACHER_TEMPLATE`. */
  readonly teacherTemplate: string;
  /** How many tokens the teacher's context may have: the model's context length without the response. */
  readonly maxTokens: number;
}

export interface TeacherContext {
  readonly tokenIds: readonly number[];
  /** How many of the feedback's tokens are in it, of how many; null when it is there as a whole. */
  readonly cut: { readonly kept: number; readonly of: number } | null;
}

/**
 * Token ids of what the teacher is asked: the conversation with the feedback in its last user message.
 * Too long, it loses tokens from the end of the feedback; everything else, the generation prompt above all, stays.
 * @throws ClaasError `context_too_long` when not even one token of the feedback has room, `request_invalid` without a user message
 */
export function teacherContext(
  template: ContextEncoder,
  tokenizer: TextCutter,
  request: TeacherContextRequest,
): TeacherContext {
  const render = (feedback: string): readonly number[] =>
    renderContext(
      template,
      teacherConversation(request.conversation, feedback, request.teacherTemplate),
      request.templateOptions,
    );

  let tokenIds = render(request.feedback);
  if (tokenIds.length <= request.maxTokens) return { tokenIds, cut: null };

  const feedbackIds = tokenizer.encode(request.feedback, { specialTokens: 'plain' });
  let kept = feedbackIds.length;
  while (tokenIds.length > request.maxTokens) {
    // Tokens at the seams may merge or part, so what is over is taken away again until it fits.
    kept -= tokenIds.length - request.maxTokens;
    if (kept < 1) throw noRoomForFeedback(render('').length, feedbackIds.length, request.maxTokens);
    tokenIds = render(decodeBeginning(tokenizer, feedbackIds.slice(0, kept)));
  }
  return { tokenIds, cut: { kept, of: feedbackIds.length } };
}

/** A cut can fall inside a character, whose bytes then decode to U+FFFD. */
function decodeBeginning(tokenizer: TextCutter, tokenIds: readonly number[]): string {
  return tokenizer.decode(tokenIds, { skipSpecialTokens: false }).replace(/\uFFFD+$/, '');
}

function noRoomForFeedback(withoutFeedback: number, feedbackTokens: number, maxTokens: number): ClaasError {
  return new ClaasError(
    'context_too_long',
    `With the feedback in it the teacher's context has no room: ${withoutFeedback} tokens without the feedback's ${feedbackTokens}, while ${maxTokens} are left beside the response. Send a shorter conversation, response or feedback.`,
    { teacher_prompt_tokens: withoutFeedback, feedback_tokens: feedbackTokens, max_tokens: maxTokens },
  );
}

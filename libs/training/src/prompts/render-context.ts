import type { ChatTemplateOptions, ConversationMessage } from '@claas/contracts';
import type { ContextEncoder } from './context-encoder.js';

/** A conversation as the tokens after which an answer begins. Text in messages that looks like a special token stays text. */
export function renderContext(
  template: ContextEncoder,
  conversation: readonly ConversationMessage[],
  { enableThinking }: ChatTemplateOptions,
): readonly number[] {
  return template.encodeConversation(conversation, { addGenerationPrompt: true, enableThinking });
}

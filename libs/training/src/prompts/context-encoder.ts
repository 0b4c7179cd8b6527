import type { ChatTemplateOptions, ConversationMessage } from '@claas/contracts';

/** What rendering a context needs of a chat template with its tokenizer. */
export interface ContextEncoder {
  /** Renders and tokenizes, generation prompt added; text in messages that looks like a special token stays text. */
  encodeConversation(messages: readonly ConversationMessage[], options: ChatTemplateOptions): readonly number[];
}

/** Plain text and its tokens; text that looks like a special token stays text. */
export interface PlainTextEncoder {
  encode(text: string): readonly number[];
  decode(tokenIds: readonly number[]): string;
}

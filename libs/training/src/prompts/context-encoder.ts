import type { ChatTemplate, Tokenizer } from '@claas/core-model/text';

/** What rendering a context needs of a model's chat template. Special-token text in messages stays text. */
export type ContextEncoder = Pick<ChatTemplate, 'encodeConversation'>;

/** What cutting a text needs of a model's tokenizer. */
export type TextCutter = Pick<Tokenizer, 'encode' | 'decode'>;

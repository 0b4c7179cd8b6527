import type { AdapterId, ChatTemplateOptions, ConversationMessage } from '@claas/contracts';

/** One answer of a served model, exactly as it was sampled: what a feedback by `completion_id` learns from. */
export interface Interaction {
  /** `chatcmpl-…` or `cmpl-…`, as the client got it. */
  readonly completionId: string;
  /** The resolved id of the adapter that answered; null for the base model. */
  readonly loraId: AdapterId | null;
  readonly version: number | null;
  /** A plain completion is one user message that holds its prompt. */
  readonly conversation: readonly ConversationMessage[];
  readonly templateOptions: ChatTemplateOptions;
  readonly promptTokenIds: readonly number[];
  /** With the end-of-turn token when the answer ended by itself. */
  readonly responseTokenIds: readonly number[];
  /** At the sampling temperature, one for each response token; null where the server doesn't tell them. */
  readonly samplingLogprobs: readonly number[] | null;
  readonly temperature: number;
  /** What the client saw. */
  readonly text: string;
  readonly createdAt: Date;
}

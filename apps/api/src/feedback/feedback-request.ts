import type { ConversationMessage, TrainingSettings } from '@claas/contracts';

/** The answer that the feedback is about: known by its completion, or told by the client. */
export type FeedbackSubject =
  | { readonly kind: 'completion'; readonly completionId: string }
  | {
      readonly kind: 'prompt';
      readonly prompt: string;
      readonly response: string;
      readonly rolloutLogprobs: readonly number[] | null;
    }
  | {
      readonly kind: 'messages';
      readonly messages: readonly ConversationMessage[];
      readonly response: string;
      readonly rolloutLogprobs: readonly number[] | null;
    };

/** What happens around the step; without meaning for a server that shares no accelerator. */
export interface OrchestrationSettings {
  readonly sleepBefore: boolean;
  readonly wakeAfter: boolean;
  readonly wakeOnFailure: boolean;
  readonly sleepLevel: 1 | 2;
}

export const DEFAULT_ORCHESTRATION: OrchestrationSettings = {
  sleepBefore: true,
  wakeAfter: true,
  wakeOnFailure: true,
  sleepLevel: 1,
};

/** What a client asks for, with every default filled in. */
export interface FeedbackRequest {
  /** As sent: an id or an alias. */
  readonly loraId: string;
  readonly subject: FeedbackSubject;
  readonly feedback: string;
  readonly training: TrainingSettings;
  readonly orchestration: OrchestrationSettings;
}

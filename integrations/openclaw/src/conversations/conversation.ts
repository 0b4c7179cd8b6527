/** The newest answer in a conversation, which is the one that feedback is about. */
export interface Answer {
  /** `id` of the completion, as the API gave it. */
  readonly completionId: string;
  /** The model that answered: an adapter's id or alias. */
  readonly model: string;
}

/** A feedback of this conversation that was applied and not taken back. */
export interface Lesson {
  readonly requestId: string;
  readonly loraId: string;
  readonly version: number;
  /** What undoing it goes back to. */
  readonly parentVersion: number;
}

/** What is known of one conversation. */
export interface Conversation {
  /** Null when nothing was answered yet, or when another provider's model gave the last answer. */
  readonly answer: Answer | null;
  /** Ids of feedbacks that were accepted and whose end isn't known yet; a restart of the gateway leaves them behind. */
  readonly pending: readonly string[];
  /** Oldest first. */
  readonly lessons: readonly Lesson[];
  /** Feedbacks that came to an end; makes saying the same again later another feedback. */
  readonly finished: number;
}

export const NEW_CONVERSATION: Conversation = { answer: null, pending: [], lessons: [], finished: 0 };

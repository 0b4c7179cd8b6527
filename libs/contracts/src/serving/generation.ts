import type { ChatTemplateOptions, ConversationMessage } from '../engine/distillation-task.js';

export type GenerationPrompt =
  | {
      readonly kind: 'messages';
      readonly messages: readonly ConversationMessage[];
      readonly templateOptions: ChatTemplateOptions;
    }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'tokens'; readonly tokenIds: readonly number[] };

export interface SamplingSettings {
  /** 0 is greedy. Null takes the model's own default (generation_config.json), as the following. */
  readonly temperature: number | null;
  readonly topP: number | null;
  /** 0 is off. */
  readonly topK: number | null;
  /** Null draws one. The same seed, prompt and version give the same tokens. */
  readonly seed: number | null;
  /** Null: as many as the context allows. */
  readonly maxTokens: number | null;
  readonly stop: readonly string[];
  /** How many alternatives to report for each token, 0 to 20. */
  readonly topLogprobs: number;
}

export interface GenerationRequest {
  readonly prompt: GenerationPrompt;
  readonly sampling: SamplingSettings;
}

export interface TokenAlternative {
  readonly tokenId: number;
  readonly text: string;
  readonly logprob: number;
}

/** One sampled token. `text` may be empty while a character is incomplete or a stop string may be beginning. */
export interface GeneratedToken {
  readonly tokenId: number;
  readonly text: string;
  /** At temperature 1, before top-p and top-k, as vLLM reports it. */
  readonly logprob: number;
  readonly alternatives: readonly TokenAlternative[];
}

export type FinishReason = 'stop' | 'length';

export interface GenerationSummary {
  readonly text: string;
  readonly promptTokenIds: readonly number[];
  /** Everything that was sampled, the end-of-turn token included when the answer ended by itself. */
  readonly responseTokenIds: readonly number[];
  /** At temperature 1, one for each response token. */
  readonly logprobs: readonly number[];
  /** At the sampling temperature (1 when greedy): the `rollout_logprobs` of a later feedback. */
  readonly samplingLogprobs: readonly number[];
  /**
   * False where the server can't tell log-probs at the sampling temperature: `samplingLogprobs` are then those at
   * temperature 1, and are no `rollout_logprobs` (which are then null: an importance ratio of 1).
   */
  readonly samplingLogprobsAreExact?: boolean;
  /** The temperature that was really used. */
  readonly temperature: number;
  readonly seed: number;
  readonly finishReason: FinishReason;
  /** Adapter version that answered; null for the base model. */
  readonly version: number | null;
}

export interface ScoreRequest {
  readonly prompt: GenerationPrompt;
  readonly completion: { readonly text: string } | { readonly tokenIds: readonly number[] };
}

/** log p of the completion's tokens given the prompt, at temperature 1. */
export interface Score {
  readonly promptTokenIds: readonly number[];
  readonly tokenIds: readonly number[];
  readonly tokens: readonly string[];
  readonly logprobs: readonly number[];
}

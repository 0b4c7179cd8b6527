import type { GenerationDefaults } from '../config/generation-defaults.js';
import type { TokenSampling } from './generate-tokens.js';

/** How a text is to be sampled, as a client says it. */
export interface TextSampling {
  /** 0 is greedy. Null takes the model's own default, as the following two. */
  readonly temperature: number | null;
  readonly topP: number | null;
  /** 0 is off. */
  readonly topK: number | null;
  /** Null draws one. */
  readonly seed: number | null;
  /** Null: as many as the context holds. */
  readonly maxTokens: number | null;
  /** The text ends before the first of these. */
  readonly stop: readonly string[];
  /** How many alternatives to report for each token. */
  readonly topLogprobs: number;
}

/** Decides what a client left open: the model's defaults, where it has none temperature 1 over the whole vocabulary. */
export function resolveSampling(
  sampling: TextSampling,
  defaults: GenerationDefaults,
  stopTokenIds: readonly number[],
): TokenSampling {
  const defaultTemperature = defaults.doSample === false ? 0 : (defaults.temperature ?? 1);
  return {
    temperature: sampling.temperature ?? defaultTemperature,
    topP: sampling.topP ?? defaults.topP ?? 1,
    topK: sampling.topK ?? defaults.topK ?? 0,
    seed: sampling.seed ?? Math.floor(Math.random() * 2 ** 31),
    maxTokens: sampling.maxTokens,
    stopTokenIds,
    topLogprobs: sampling.topLogprobs,
  };
}

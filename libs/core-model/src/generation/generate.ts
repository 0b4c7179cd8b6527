import type { LoraAdapter } from '../lora/lora-adapter.js';
import type { LanguageModel } from '../model/language-model.js';
import type { SampledToken, SamplingSettings } from './sample-token.js';
import { sampleToken } from './sample-token.js';
import { seededRandom } from './seeded-random.js';
import { SequenceDecoder } from './sequence-decoder.js';

/** `stop`: the model ended by itself, or a stop string came; `length`: the tokens or the context were used up. */
export type FinishReason = 'stop' | 'length';

export interface TokenSampling extends SamplingSettings {
  /** The same seed, prompt and weights give the same tokens. */
  readonly seed: number;
  /** Null: as many as the context holds. */
  readonly maxTokens: number | null;
  /** Tokens that end an answer; the one that does is part of it. */
  readonly stopTokenIds: readonly number[];
  /** How many alternatives to report for each token. */
  readonly topLogprobs: number;
}

/**
 * Samples tokens one by one until a stop token comes, `maxTokens` are there or the context is full; lets the event loop run between them,
 * so that several generations can take turns. Leaving the loop early gives everything back.
 * @param adapter null: the base model
 * @returns why it ended
 * @throws ContextTooLongError when the prompt leaves no room, TokenIdsInvalidError, ComputationCancelledError
 */
export async function* generateTokens(
  model: LanguageModel,
  adapter: LoraAdapter | null,
  promptTokenIds: readonly number[],
  sampling: TokenSampling,
  { signal }: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<SampledToken, FinishReason, void> {
  model.assertTokenIds(promptTokenIds);
  model.assertFits(promptTokenIds.length, 1);
  const room = model.contextLength - promptTokenIds.length;
  const maxTokens = Math.min(sampling.maxTokens ?? room, room);
  const random = seededRandom(sampling.seed);
  const decoder = new SequenceDecoder(model, adapter);
  try {
    let next: readonly number[] = promptTokenIds;
    for (let count = 0; count < maxTokens; count++) {
      const logits = await decoder.append(next, signal);
      const token = sampleToken(logits, sampling, sampling.topLogprobs, random);
      yield token;
      if (sampling.stopTokenIds.includes(token.tokenId)) return 'stop';
      next = [token.tokenId];
    }
    return 'length';
  } finally {
    decoder.dispose();
  }
}

export interface Generation {
  readonly tokens: readonly SampledToken[];
  readonly finishReason: FinishReason;
}

/** All tokens of `generateTokens` at once; `onToken` hears of each as it comes. */
export async function generate(
  model: LanguageModel,
  adapter: LoraAdapter | null,
  promptTokenIds: readonly number[],
  sampling: TokenSampling,
  options: { readonly signal?: AbortSignal; readonly onToken?: (token: SampledToken) => void } = {},
): Promise<Generation> {
  const tokens: SampledToken[] = [];
  const source = generateTokens(model, adapter, promptTokenIds, sampling, options);
  for (;;) {
    const step = await source.next();
    if (step.done) return { tokens, finishReason: step.value };
    tokens.push(step.value);
    options.onToken?.(step.value);
  }
}

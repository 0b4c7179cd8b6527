import { SeededRandom } from '@claas/core-sdpo';
import type { LoraAdapter } from '../lora/lora-adapter.js';
import type { LanguageModel } from '../model/language-model.js';
import type { SampledToken, SamplingDistribution } from './sample-token.js';
import { sampleToken } from './sample-token.js';
import { SequenceDecoder } from './sequence-decoder.js';

/** `stop`: the model ended by itself, or a stop string came; `length`: the tokens or the context were used up. */
export type FinishReason = 'stop' | 'length';

export interface TokenSampling extends SamplingDistribution {
  /** The same seed, prompt and weights give the same tokens. */
  readonly seed: number;
  /** Null, or more than the context holds: as many as it holds. */
  readonly maxTokens: number | null;
  /** Tokens that end an answer; the one that does is part of it. */
  readonly stopTokenIds: readonly number[];
  /** How many alternatives to report for each token. */
  readonly topLogprobs: number;
}

export interface GenerationStep {
  readonly token: SampledToken;
  /** Null: more tokens follow. */
  readonly finishReason: FinishReason | null;
}

/**
 * Samples tokens one by one until a stop token comes, `maxTokens` are there or the context is full; several generations
 * on one model go on together, in one batch, whatever their adapters. The event loop runs between tokens. Leaving the loop early gives everything back.
 * @param adapter null: the base model
 * @throws ContextTooLongError when the prompt leaves no room, TokenIdsInvalidError, ComputationCancelledError
 */
export async function* generateTokens(
  model: LanguageModel,
  adapter: LoraAdapter | null,
  promptTokenIds: readonly number[],
  sampling: TokenSampling,
  { signal }: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<GenerationStep, void, void> {
  model.assertTokenIds(promptTokenIds);
  model.assertFits(promptTokenIds.length, 1);
  const room = model.contextLength - promptTokenIds.length;
  const maxTokens = Math.min(sampling.maxTokens ?? room, room);
  const random = new SeededRandom(sampling.seed, 'sampling');
  const decoder = new SequenceDecoder(model, adapter);
  try {
    let next = promptTokenIds;
    for (let count = 1; count <= maxTokens; count++) {
      const logits = await decoder.append(next, signal);
      const token = sampleToken(logits, sampling, sampling.topLogprobs, () => random.next());
      const isStop = sampling.stopTokenIds.includes(token.tokenId);
      yield { token, finishReason: isStop ? 'stop' : count === maxTokens ? 'length' : null };
      if (isStop) return;
      next = [token.tokenId];
    }
  } finally {
    decoder.dispose();
  }
}

import { slice, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { LoraAdapter } from '../lora/lora-adapter.js';
import { yieldToEventLoop } from '../model/event-loop.js';
import { hiddenStates } from '../model/forward-pass.js';
import type { PassOptions } from '../model/forward-pass.js';
import type { LanguageModel } from '../model/language-model.js';

/** Positions that reach the vocabulary at a time: bounds the logits in memory. */
const POSITIONS_PER_CHUNK = 64;

/**
 * log p of each token given the prompt and the tokens before it, at temperature 1.
 * @param adapter null: the base model
 * @throws ContextTooLongError, TokenIdsInvalidError, ComputationCancelledError
 */
export async function scoreTokens(
  model: LanguageModel,
  adapter: LoraAdapter | null,
  promptTokenIds: readonly number[],
  tokenIds: readonly number[],
  { signal }: PassOptions = {},
): Promise<number[]> {
  model.assertTokenIds(promptTokenIds);
  model.assertTokenIds(tokenIds);
  model.assertFits(promptTokenIds.length, tokenIds.length);
  // The last token predicts nothing that is asked for.
  const sequence = [...promptTokenIds, ...tokenIds.slice(0, -1)];
  const hidden = await hiddenStates(model, sequence, adapter, { from: promptTokenIds.length - 1, signal });
  const logprobs: number[] = [];
  try {
    for (let t = 0; t < tokenIds.length; t += POSITIONS_PER_CHUNK) {
      await yieldToEventLoop(signal);
      const targets = tokenIds.slice(t, t + POSITIONS_PER_CHUNK);
      const logprobsNV = tidy(() => chunkLogprobs(model, hidden, t, targets.length));
      const values = await logprobsNV.data<'float32'>();
      logprobsNV.dispose();
      const V = model.config.vocabularySize;
      targets.forEach((tokenId, row) => logprobs.push(values[row * V + tokenId]!));
    }
  } finally {
    hidden.dispose();
  }
  return logprobs;
}

function chunkLogprobs(model: LanguageModel, hidden: Tensor2D, from: number, count: number): Tensor2D {
  const rows = slice(hidden, [from, 0], [count, hidden.shape[1]]);
  return model.backend.logSoftmax(model.headProduct(rows));
}

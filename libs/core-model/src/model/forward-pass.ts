import { slice, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { LoraAdapter } from '../lora/lora-adapter.js';
import { decoderLayerForward } from './decoder-layer.js';
import { yieldToEventLoop } from './event-loop.js';
import type { LanguageModel } from './language-model.js';
import type { RotarySlice } from './rotary-tables.js';

export interface PassOptions {
  readonly signal?: AbortSignal;
}

/** Sequence lengths are rounded up to multiples of this: native kernels keep memory for every distinct shape. */
const LENGTH_BUCKET = 32;

/** Right-padded: under a causal mask no position sees a later one, so the padding changes nothing. */
export function padToBucket(tokenIds: readonly number[]): Int32Array {
  const padded = new Int32Array(Math.ceil(tokenIds.length / LENGTH_BUCKET) * LENGTH_BUCKET);
  padded.set(tokenIds);
  return padded;
}

/** Checks a sequence of which the rows `from` … are wanted. @throws ContextTooLongError, TokenIdsInvalidError */
export function assertSequence(model: LanguageModel, tokenIds: readonly number[], from: number): void {
  model.assertTokenIds(tokenIds);
  model.assertFits(from, tokenIds.length - from);
  if (from < 0 || from >= tokenIds.length) {
    throw new RangeError(`Rows from ${from} of a sequence of ${tokenIds.length} tokens.`);
  }
}

/**
 * Hidden states after the final norm, rows from … T − 1, for a pass without gradients: no activation outlives its layer.
 * @param adapter null: the base model, bit for bit
 * @returns (T − from, C), the caller's to dispose of
 * @throws ContextTooLongError, TokenIdsInvalidError, ComputationCancelledError
 */
export async function hiddenStates(
  model: LanguageModel,
  tokenIds: readonly number[],
  adapter: LoraAdapter | null,
  { from = 0, signal }: PassOptions & { readonly from?: number } = {},
): Promise<Tensor2D> {
  assertSequence(model, tokenIds, from);
  const padded = padToBucket(tokenIds);
  const rotary = model.rotary.at(0, padded.length);
  let x = model.embed(padded);
  try {
    for (let i = 0; i < model.layers.length; i++) {
      await yieldToEventLoop(signal);
      const y = layerOutput(model, i, x, adapter, rotary);
      x.dispose();
      x = y;
    }
    return finalRows(model, x, from, tokenIds.length);
  } finally {
    x.dispose();
    rotary.cos.dispose();
    rotary.sin.dispose();
  }
}

/** One layer without anything kept — (T, C) → (T, C) */
export function layerOutput(
  model: LanguageModel,
  index: number,
  x: Tensor2D,
  adapter: LoraAdapter | null,
  rotary: RotarySlice,
): Tensor2D {
  const layer = model.layers[index]!;
  const lora = adapter?.layer(index, layer) ?? null;
  return tidy(() => decoderLayerForward(model.backend, x, layer, lora, model.config, rotary, null).y);
}

function finalRows(model: LanguageModel, x: Tensor2D, from: number, T: number): Tensor2D {
  return tidy(() => {
    const rows = slice(x, [from, 0], [T - from, x.shape[1]]);
    return model.backend.rmsNorm(rows, model.finalNorm, model.config.rmsNormEpsilon).y;
  });
}

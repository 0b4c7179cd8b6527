import { dispose, slice, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { RmsNormForward } from '@claas/tensor-backend';
import type { LoraAdapter } from '../lora/lora-adapter.js';
import { compiledInLayer } from './compiled-layer.js';
import type { WholeLayerPass } from './compiled-layer.js';
import { decoderLayerForward } from './decoder-layer.js';
import { yieldToEventLoop } from './event-loop.js';
import type { LanguageModel } from './language-model.js';
import type { RotarySlice } from './rotary-tables.js';
import { checkedRows } from './sequence-rows.js';
import type { SequenceRows } from './sequence-rows.js';

export interface PassOptions {
  readonly signal?: AbortSignal;
}

export interface RowOptions extends PassOptions {
  /** First row that is wanted; 0 when absent. */
  readonly from?: number;
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
  { from = 0, signal }: RowOptions = {},
): Promise<Tensor2D> {
  const rows = checkedRows(model, tokenIds, from);
  const rotary = model.rotary.at(0, rows.padded.length);
  let x = model.embed(rows.padded);
  try {
    for (let i = 0; i < model.layers.length; i++) {
      await yieldToEventLoop(signal);
      const pass = wholeLayerPass(model, i, adapter, rotary, rows.topFrom);
      const y = tidy(() =>
        compiledInLayer('forward', pass, { x }, (given, within) => decoderLayerForward(given.x, within)),
      );
      x.dispose();
      x = y;
    }
    return tidy(() => finalNorm(model, x, rows).y);
  } finally {
    dispose([x, rotary.cos, rotary.sin]);
  }
}

/** A pass through one layer of the model; `topFrom` is heeded in the top layer only. */
export function wholeLayerPass(
  model: LanguageModel,
  index: number,
  adapter: LoraAdapter | null,
  rotary: RotarySlice,
  topFrom: number,
): WholeLayerPass {
  return { ...placeInModel(model, index, rotary, topFrom), factors: adapter?.layerFactors(index) ?? null };
}

/** The same without the adapter. */
export function placeInModel(
  { backend, config, layers }: LanguageModel,
  index: number,
  rotary: RotarySlice,
  topFrom: number,
): Omit<WholeLayerPass, 'factors'> {
  const from = index === layers.length - 1 ? topFrom : 0;
  const { attentionHeads, keyValueHeads, headDim, rmsNormEpsilon } = config;
  const used = { attentionHeads, keyValueHeads, headDim, rmsNormEpsilon };
  return { backend, config: used, layer: layers[index]!, rotary, from };
}

/**
 * The wanted rows after the final norm — x: the top layer's output, from row `topFrom` on.
 * All of `x` is normed, a multiple of what vectorised kernels take at a time: they round the rows that remain differently, and a row's
 * numbers may not depend on how many are wanted.
 */
export function finalNorm(model: LanguageModel, x: Tensor2D, rows: SequenceRows): RmsNormForward {
  const { y, inverseRms } = model.backend.rmsNorm(x, model.finalNorm, model.config.rmsNormEpsilon);
  return { y: wantedRows(y, rows), inverseRms: wantedRows(inverseRms, rows) };
}

/** x: a row for each of the top layer's output, from row `topFrom` on */
export function wantedRows(x: Tensor2D, { from, count, topFrom }: SequenceRows): Tensor2D {
  return slice(x, [from - topFrom, 0], [count, x.shape[1]]);
}

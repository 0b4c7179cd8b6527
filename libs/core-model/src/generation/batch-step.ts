import { dispose, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { LoraAdapter } from '../lora/lora-adapter.js';
import { placeInModel } from '../model/forward-pass.js';
import type { LanguageModel } from '../model/language-model.js';
import { spare } from '../model/spare.js';
import { batchLayerForward } from './batch-layer.js';
import type { LoraRows } from './batch-linear.js';
import type { DecodingSequence } from './decoding-sequence.js';

/** A sequence and the token that it goes on with. */
export interface BatchRow {
  readonly sequence: DecodingSequence;
  readonly tokenId: number;
}

/**
 * Takes every sequence one token further in one pass: the weights are read once for all of them.
 * @param rows sequences of one adapter lie next to each other; no sequence twice
 * @returns the logits (V) after each token
 */
export async function batchStep(model: LanguageModel, rows: readonly BatchRow[]): Promise<Float32Array[]> {
  const caches = rows.map(({ sequence }) => sequence.cache);
  const rotary = model.rotary.atPositions(caches.map((cache) => cache.length));
  const places = caches.map((cache) => cache.place());
  let x = model.embed(Int32Array.from(rows, ({ tokenId }) => tokenId));
  let logits: Tensor2D;
  try {
    for (let index = 0; index < model.layers.length; index++) {
      const { backend, config, layer: weights } = placeInModel(model, index, rotary, 0);
      const layer = { config, layer: weights, rotary, loraRows: loraRowsOf(model, index, rows) };
      const sequences = caches.map((cache, n) => ({ cache: cache.at(index), place: places[n]! }));
      const { y, ends } = spare(() => batchLayerForward(backend, x, layer, sequences));
      caches.forEach((cache, n) => {
        cache.replaceEnd(index, ends[n]!);
      });
      x.dispose();
      x = y;
    }
    for (const cache of caches) cache.advance(1);
    logits = tidy(() => model.headProduct(model.backend.rmsNorm(x, model.finalNorm, model.config.rmsNormEpsilon).y));
  } finally {
    dispose([x, rotary.cos, rotary.sin, ...places.flatMap(({ isHere, mask }) => [isHere, mask])]);
  }
  try {
    const values = await logits.data<'float32'>();
    const V = model.config.vocabularySize;
    return rows.map((_, n) => values.subarray(n * V, (n + 1) * V));
  } finally {
    logits.dispose();
  }
}

/** The runs of rows that have the same adapter. */
function loraRowsOf(model: LanguageModel, index: number, rows: readonly BatchRow[]): LoraRows[] {
  const runs: { adapter: LoraAdapter | null; count: number }[] = [];
  for (const { sequence } of rows) {
    const last = runs.at(-1);
    if (last?.adapter === sequence.adapter) last.count += 1;
    else runs.push({ adapter: sequence.adapter, count: 1 });
  }
  const { backend } = model;
  const layer = model.layers[index]!;
  return runs.map(({ adapter, count }) => ({ lora: adapter?.layer(backend, index, layer) ?? null, count }));
}

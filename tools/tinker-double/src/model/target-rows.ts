import { concat, slice, tensor2d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { WeightedTargets } from '@claas/contracts/testing/tinker';
import type { LanguageModel } from '@claas/core-model';
import { rowNormalizers } from './row-normalizers.js';

/** Rows whose logits are in memory at a time. */
const MOST_ROWS_PER_CHUNK = 64;

type Targets = Omit<WeightedTargets, 'tokenIds'>;

/** Some rows of a sequence, with their logits. */
interface Chunk {
  readonly from: number;
  readonly count: number;
  /** (count·V) */
  readonly logits: Float32Array;
  /** (count): log Σ exp(logits) */
  readonly normalizers: Float64Array;
}

/**
 * Log-probs of K targets in each row — (N·K)
 * @param hidden (N, C), after the final norm
 */
export function targetLogprobs(model: LanguageModel, hidden: Tensor2D, { K, targets }: Targets): Float32Array {
  const V = model.config.vocabularySize;
  const logprobs = new Float32Array(targets.length);
  for (const { from, count } of chunks(hidden.shape[0])) {
    const { logits, normalizers } = chunkOf(model, hidden, from, count);
    for (let i = from * K; i < (from + count) * K; i++) {
      const row = Math.floor(i / K) - from;
      logprobs[i] = logits[row * V + targets[i]!]! - normalizers[row]!;
    }
  }
  return logprobs;
}

/**
 * ∂L/∂hidden of L = Σ −log p(target)·weight over the rows of a sequence — (N, C), the caller's to dispose.
 * @param hidden (N, C), after the final norm
 */
export function hiddenGradient(model: LanguageModel, hidden: Tensor2D, targets: Targets): Tensor2D {
  return tidy(() => {
    const parts = chunks(hidden.shape[0]).map(({ from, count }) =>
      tidy(() => model.headBackward(dLogits(chunkOf(model, hidden, from, count), targets))),
    );
    return concat<Tensor2D>(parts, 0);
  });
}

/** About equal parts of N rows: native products round those of a few rows differently. */
function chunks(N: number): { readonly from: number; readonly count: number }[] {
  const count = Math.ceil(N / Math.ceil(N / MOST_ROWS_PER_CHUNK));
  return Array.from({ length: Math.ceil(N / count) }, (_, i) => ({
    from: i * count,
    count: Math.min(count, N - i * count),
  }));
}

function chunkOf(model: LanguageModel, hidden: Tensor2D, from: number, count: number): Chunk {
  const product = tidy(() => model.headProduct(slice(hidden, [from, 0], [count, hidden.shape[1]])));
  const logits = product.dataSync<'float32'>();
  product.dispose();
  return { from, count, logits, normalizers: rowNormalizers(logits, model.config.vocabularySize) };
}

/** Σ_k w_k·(softmax − one-hot of target k), row by row, in float64 until it is whole — (count, V) */
function dLogits({ from, count, logits, normalizers }: Chunk, { K, targets, weights }: Targets): Tensor2D {
  const V = logits.length / count;
  const d = new Float32Array(count * V);
  for (let row = 0; row < count; row++) {
    const own = (from + row) * K;
    const total = weights.subarray(own, own + K).reduce((sum, weight) => sum + weight, 0);
    const one = Float64Array.from(logits.subarray(row * V, (row + 1) * V), (logit) =>
      total === 0 ? 0 : total * Math.exp(logit - normalizers[row]!),
    );
    for (let k = own; k < own + K; k++) one[targets[k]!]! -= weights[k]!;
    d.set(one, row * V);
  }
  return tensor2d(d, [count, V]);
}

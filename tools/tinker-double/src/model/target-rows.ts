import { concat, slice, tensor2d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { WeightedTargets } from '@claas/contracts/testing/tinker';
import type { LanguageModel } from '@claas/core-model';
import { rowNormalizers, toldLogprob } from './row-normalizers.js';

/** Rows whose logits are in memory at a time. */
const ROWS_PER_CHUNK = 64;

/**
 * L = Σ −log p(target)·weight over the rows of a sequence: log-probs of the targets (N·K) and, where wanted, ∂L/∂hidden (N, C),
 * the caller's to dispose.
 * @param hidden (N, C), after the final norm
 */
export function targetRows(
  model: LanguageModel,
  hidden: Tensor2D,
  { K, targets, weights }: WeightedTargets,
  withGradient: boolean,
): { readonly logprobs: Float32Array; readonly dHidden: Tensor2D | null } {
  const N = hidden.shape[0];
  const logprobs = new Float32Array(N * K);
  const dHidden = tidy(() => {
    const chunks: Tensor2D[] = [];
    for (let from = 0; from < N; from += ROWS_PER_CHUNK) {
      const count = Math.min(ROWS_PER_CHUNK, N - from);
      const d = tidy(() => {
        const rows = model.headProduct(slice(hidden, [from, 0], [count, hidden.shape[1]]));
        const logits = rows.dataSync<'float32'>();
        const V = model.config.vocabularySize;
        const normalizers = rowNormalizers(logits, V);
        for (let i = from * K; i < (from + count) * K; i++) {
          const row = Math.floor(i / K) - from;
          logprobs[i] = toldLogprob(logits[row * V + targets[i]!]!, normalizers[row]!);
        }
        if (!withGradient) return [];
        const range = { from, count, K, V };
        return model.headBackward(tensor2d(dLogits({ logits, normalizers }, targets, weights, range), [count, V]));
      });
      if (!Array.isArray(d)) chunks.push(d);
    }
    return withGradient ? concat<Tensor2D>(chunks, 0) : [];
  });
  return { logprobs, dHidden: Array.isArray(dHidden) ? null : dHidden };
}

/** Σ_k w_k·(softmax − one-hot of target k), row by row. */
function dLogits(
  { logits, normalizers }: { readonly logits: Float32Array; readonly normalizers: Float64Array },
  targets: Int32Array,
  weights: Float32Array,
  { from, count, K, V }: Readonly<Record<'from' | 'count' | 'K' | 'V', number>>,
): Float32Array {
  const d = new Float32Array(count * V);
  for (let row = 0; row < count; row++) {
    let total = 0;
    for (let k = 0; k < K; k++) total += weights[(from + row) * K + k]!;
    if (total !== 0) {
      for (let v = row * V; v < (row + 1) * V; v++) d[v] = total * Math.exp(logits[v]! - normalizers[row]!);
    }
    for (let k = 0; k < K; k++) d[row * V + targets[(from + row) * K + k]!]! -= weights[(from + row) * K + k]!;
  }
  return d;
}

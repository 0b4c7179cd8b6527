import { div, gather, log, max, mul, neg, reshape, softmax, sub, tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { Rank, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { rowSum } from '@claas/tensor-backend';

/** Rows of logits as distributions: log p = shifted − logNormalizer. R rows, V vocabulary. */
export interface RowSoftmax {
  /** (R, V): (logits − their row's maximum) / temperature */
  readonly shifted: Tensor2D;
  /** (R, 1): log Σ exp(shifted) */
  readonly logNormalizer: Tensor2D;
  /** (R, V) */
  readonly probabilities: Tensor2D;
}

/**
 * log p is never taken from a probability, which may underflow, but for the row's largest: with z = shifted, that one is exp(0) / Σ exp(z),
 * so log Σ exp(z) = −log(max p). It saves the exponential of the whole matrix, which on wasm takes ten times as long as its softmax.
 * Dividing by what the probabilities really add up to undoes the rounding of a long row.
 */
export function rowSoftmax(logits: Tensor2D, temperature: number): RowSoftmax {
  return tidy(() => {
    const centred: Tensor2D = sub(logits, max(logits, 1, true));
    const shifted: Tensor2D = temperature === 1 ? centred : mul(centred, 1 / temperature);
    const rounded: Tensor2D = softmax(shifted);
    const probabilities: Tensor2D = div(rounded, rowSum(rounded));
    return { shifted, logNormalizer: neg(log(max<Tensor2D>(probabilities, 1, true))), probabilities };
  });
}

/** log p of one (or, with R·k flat ids, k) entries of each row, row by row, as a float32 array of the ids' length. */
export function logProbabilitiesAt(rows: RowSoftmax, ids: Int32Array): Float32Array {
  const [R, V] = rows.shifted.shape;
  const k = ids.length / R;
  const flat = Int32Array.from(ids, (id, i) => {
    if (id < 0 || id >= V) throw new RangeError(`Token id ${id} is not in a vocabulary of ${V}.`);
    return Math.floor(i / k) * V + id;
  });
  const values = tidy(() => {
    const entries: Tensor1D = gather(reshape<Rank.R1>(rows.shifted, [R * V]), tensor1d(flat, 'int32'));
    return sub(reshape<Rank.R2>(entries, [R, k]), rows.logNormalizer);
  });
  const array = values.dataSync<'float32'>();
  values.dispose();
  return array;
}

/** log p − log q, exactly 0 where both sides have the same logits — (R, V) */
export function logRatio(p: RowSoftmax, q: RowSoftmax): Tensor2D {
  return tidy(() => sub(sub(p.shifted, q.shifted), sub(p.logNormalizer, q.logNormalizer)));
}

/** 0 for rows of finite numbers, NaN for the others — (R, V) → (R, 1) */
export function zeroIfFinite(x: Tensor2D): Tensor2D {
  return tidy(() => mul(rowSum(x), 0));
}

/**
 * A gradient with respect to logits, whose rows add up to 0, without what float32 has rounded off its rows. Where one token has nearly
 * all of both sides, that is more than all other entries, and AdamW makes a whole step even of the tiny gradients it leads to. It is taken
 * away in shares of p: to first order that undoes a wrong normalizer of either side — (R, V)
 */
export function centred(gradient: Tensor2D, { probabilities }: RowSoftmax): Tensor2D {
  return tidy(() => sub(gradient, mul(probabilities, rowSum(gradient))));
}

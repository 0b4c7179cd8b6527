import { add, log, max, softmax, sub, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';

/**
 * x − max − log Σ exp(x − max) over the last axis: finite for any finite logits — (N, V)
 * The row's largest probability is 1 / Σ exp(x − max), which gives the sum without an exponential of the whole matrix:
 * on wasm that would take ten times as long as the softmax.
 */
export function logSoftmax(logits: Tensor2D): Tensor2D {
  return tidy(() => {
    const negativeLogSum: Tensor2D = log(max(softmax(logits), 1, true));
    return add<Tensor2D>(sub(logits, max(logits, 1, true)), negativeLogSum);
  });
}

import { add, div, log, max, softmax, sub, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { rowSum } from '../row-sum.js';

/**
 * x − max − log Σ exp(x − max) over the last axis: finite for any finite logits — (N, V)
 * The row's largest probability is 1 / Σ exp(x − max), which gives the sum without an exponential of the whole matrix: on wasm that would take
 * ten times as long as the softmax. Dividing it by what the probabilities really add up to undoes the rounding of a long row.
 */
export function logSoftmax(logits: Tensor2D): Tensor2D {
  return tidy(() => {
    const probabilities: Tensor2D = softmax(logits);
    const negativeLogSum = log(div<Tensor2D>(max(probabilities, 1, true), rowSum(probabilities)));
    return add<Tensor2D>(sub(logits, max(logits, 1, true)), negativeLogSum);
  });
}

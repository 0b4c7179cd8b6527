import { exp, log, max, sub, sum, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';

/** x − max − log Σ exp(x − max) over the last axis: finite for any finite logits — (N, V) */
export function logSoftmax(logits: Tensor2D): Tensor2D {
  return tidy(() => {
    const shifted: Tensor2D = sub(logits, max(logits, 1, true));
    return sub(shifted, log(sum(exp(shifted), 1, true)));
  });
}

import { gather, reshape, tensor1d, tidy } from '@tensorflow/tfjs-core';
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core';
import type { TensorBackend } from '@claas/tensor-backend';

/** log p of one token of each row, the logits taken as they are — logits (R, V), tokenIds (R) */
export function tokenLogprobs(backend: TensorBackend, logits: Tensor2D, tokenIds: Int32Array): Float32Array {
  const [R, V] = logits.shape;
  const values = tidy(() => {
    const flat = reshape<Rank.R1>(backend.logSoftmax(logits), [R * V]);
    return gather(
      flat,
      tensor1d(
        tokenIds.map((tokenId, row) => row * V + tokenId),
        'int32',
      ),
    );
  });
  const array = Float32Array.from(values.dataSync<'float32'>());
  values.dispose();
  return array;
}

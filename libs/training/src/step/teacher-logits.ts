import { tensor2d } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { TeacherPosition } from '@claas/contracts';

/** Mass that rounding may have left for all other tokens together, at the least. */
const SMALLEST_TAIL = 1e-7;

/**
 * A teacher of which K likeliest tokens are known, as a whole distribution: what is left of the mass lies evenly on the
 * other tokens. Each of those then has no more than the least of the K, so that a support of the teacher's K likeliest and
 * a tail sees exactly what is known — (R, V)
 */
export function teacherLogits(positions: readonly TeacherPosition[], vocabularySize: number): Tensor2D {
  const values = new Float32Array(positions.length * vocabularySize);
  positions.forEach(({ tokenIds, logprobs }, row) => {
    const mass = logprobs.reduce((sum, logprob) => sum + Math.exp(logprob), 0);
    const others = Math.max(vocabularySize - tokenIds.length, 1);
    const tail = Math.log(Math.max(1 - mass, SMALLEST_TAIL) / others);
    values.fill(Math.min(tail, logprobs.at(-1) ?? 0), row * vocabularySize, (row + 1) * vocabularySize);
    tokenIds.forEach((tokenId, i) => {
      values[row * vocabularySize + tokenId] = logprobs[i]!;
    });
  });
  return tensor2d(values, [positions.length, vocabularySize]);
}

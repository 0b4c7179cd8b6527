import { mul, reshape, scatterND, sub, tensor1d, tensor2d, tidy, topk } from '@tensorflow/tfjs-core';
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core';
import { bucketDivergence } from './bucket-divergence.js';
import { logProbabilitiesAt } from './row-softmax.js';
import type { RowSoftmax } from './row-softmax.js';

export interface TopkDivergence {
  /** (R) */
  readonly divergence: Float32Array;
  /** (R·k), row by row, likeliest first */
  readonly supportIds: Int32Array;
  /** (R·k): ∂D/∂(log S) of the support tokens */
  readonly dLogStudent: Float32Array;
}

/** D over the k likeliest tokens of `chooser` (student or teacher) and a tail bucket. The choice itself has no gradient. */
export function topkDivergence(
  student: RowSoftmax,
  teacher: RowSoftmax,
  chooser: RowSoftmax,
  k: number,
  alpha: number,
): TopkDivergence {
  if (!Number.isInteger(k) || k < 1) throw new RangeError(`The support needs at least one token, not ${k}.`);
  const [R, V] = student.shifted.shape;
  const K = Math.min(k, V);
  const supportIds = likeliestIds(chooser, K);
  const logStudent = logProbabilitiesAt(student, supportIds);
  const logTeacher = logProbabilitiesAt(teacher, supportIds);
  const divergence = new Float32Array(R);
  const dLogStudent = new Float32Array(R * K);
  for (let row = 0; row < R; row++) {
    const [from, to] = [row * K, (row + 1) * K];
    const result = bucketDivergence(logStudent.subarray(from, to), logTeacher.subarray(from, to), alpha);
    divergence[row] = result.divergence;
    dLogStudent.set(result.dLogStudent, from);
  }
  return { divergence, supportIds, dLogStudent };
}

/** Through log S = logits − logsumexp: ∂D/∂logitⱼ = [j in support]·hⱼ − Sⱼ·Σh with h = ∂D/∂(log S) — (R, V) */
export function topkGradient(student: RowSoftmax, topk: TopkDivergence): Tensor2D {
  const [R, V] = student.shifted.shape;
  const K = topk.supportIds.length / R;
  const flatIds = topk.supportIds.map((id, i) => Math.floor(i / K) * V + id);
  const totals = new Float32Array(R);
  for (let i = 0; i < topk.dLogStudent.length; i++) totals[Math.floor(i / K)]! += topk.dLogStudent[i]!;
  return tidy(() => {
    const indices = tensor2d(flatIds, [flatIds.length, 1], 'int32');
    const scattered = reshape<Rank.R2>(scatterND(indices, tensor1d(topk.dLogStudent), [R * V]), [R, V]);
    return sub(scattered, mul(student.probabilities, tensor2d(totals, [R, 1])));
  });
}

function likeliestIds(rows: RowSoftmax, k: number): Int32Array {
  const ids = tidy(() => topk(rows.shifted, k).indices);
  const array = Int32Array.from(ids.dataSync<'int32'>());
  ids.dispose();
  return array;
}

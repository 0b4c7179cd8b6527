import { mul, reshape, scatterND, sub, tensor1d, tensor2d, tidy, topk } from '@tensorflow/tfjs-core';
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core';
import { rowSum } from '@claas/tensor-backend';
import { bucketDivergence } from './bucket-divergence.js';
import type { Buckets } from './bucket-divergence.js';
import { centred, logProbabilitiesAt, logRatio, zeroIfFinite } from './row-softmax.js';
import type { RowSoftmax } from './row-softmax.js';

export interface TopkDivergence {
  /** (R) */
  readonly divergence: Float32Array;
  /** (R·k), row by row, likeliest first */
  readonly supportIds: Int32Array;
  /** (R·k): ∂D/∂(log S) of the support tokens */
  readonly dLogStudent: Float32Array;
}

/**
 * D over the k likeliest tokens of `chooser` (student or teacher) and a tail bucket. The choice itself has no gradient.
 * Runs within the caller's tidy.
 */
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
  const bucketsOf = bucketReader(supportIds, R, V);
  const [studentBuckets, teacherBuckets] = [bucketsOf(student), bucketsOf(teacher)];
  // The support alone would hide an infinite logit elsewhere, which must show in the result.
  const divergence = Float32Array.from(read(() => zeroIfFinite(logRatio(teacher, student))));
  const dLogStudent = new Float32Array(R * K);
  for (let row = 0; row < R; row++) {
    const result = bucketDivergence(studentBuckets[row]!, teacherBuckets[row]!, alpha);
    divergence[row]! += result.divergence;
    dLogStudent.set(result.dLogStudent, row * K);
  }
  return { divergence, supportIds, dLogStudent };
}

/** Through log S = logits − logsumexp: ∂D/∂logitⱼ = [j in support]·hⱼ − Sⱼ·Σh with h = ∂D/∂(log S) — (R, V) */
export function topkGradient(student: RowSoftmax, topk: TopkDivergence): Tensor2D {
  const [R, V] = student.shifted.shape;
  const K = topk.supportIds.length / R;
  const totals = new Float64Array(R);
  for (let i = 0; i < topk.dLogStudent.length; i++) totals[Math.floor(i / K)]! += topk.dLogStudent[i]!;
  return tidy(() => {
    const scattered = scatter(topk.supportIds, topk.dLogStudent, R, V);
    const shares = mul(student.probabilities, tensor2d(Float32Array.from(totals), [R, 1]));
    return centred(sub(scattered, shares), student);
  });
}

/** Gives each row's buckets for any of the distributions. Runs within the caller's tidy. */
function bucketReader(supportIds: Int32Array, R: number, V: number): (rows: RowSoftmax) => Buckets[] {
  const K = supportIds.length / R;
  const outside = sub(1, scatter(supportIds, new Float32Array(supportIds.length).fill(1), R, V));
  return (rows) => {
    const tailMasses = read(() => rowSum(mul(rows.probabilities, outside)));
    const logProbabilities = logProbabilitiesAt(rows, supportIds);
    return Array.from(tailMasses, (tailMass, row) => ({
      logProbabilities: logProbabilities.subarray(row * K, (row + 1) * K),
      tailMass,
    }));
  };
}

/** Values at K ids of each row, zero elsewhere — (R, V) */
function scatter(ids: Int32Array, values: Float32Array, R: number, V: number): Tensor2D {
  const K = ids.length / R;
  const flatIds = ids.map((id, i) => Math.floor(i / K) * V + id);
  return tidy(() => {
    const indices = tensor2d(flatIds, [flatIds.length, 1], 'int32');
    return reshape<Rank.R2>(scatterND(indices, tensor1d(values), [R * V]), [R, V]);
  });
}

function likeliestIds(rows: RowSoftmax, k: number): Int32Array {
  return Int32Array.from(read(() => topk(rows.shifted, k).indices));
}

function read(evaluate: () => Tensor2D): ArrayLike<number> {
  const tensor = tidy(evaluate);
  const values = tensor.dataSync();
  tensor.dispose();
  return values;
}

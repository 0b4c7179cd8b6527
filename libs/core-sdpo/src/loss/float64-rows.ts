import { tensor2d } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { float64Distribution } from './float64-distribution.js';
import type { Float64Distribution } from './float64-distribution.js';
import { float64Divergence } from './float64-divergence.js';
import type { Float64Divergence } from './float64-divergence.js';
import { importanceRatio, k3Estimate } from './importance-ratio.js';
import type { ImportanceRatio } from './importance-ratio.js';
import type { SdpoMeasuredRows, SdpoRows, SdpoRowsInput, SdpoRowValues } from './sdpo-rows.js';
import type { SdpoSettings } from './sdpo-settings.js';

interface Position {
  readonly student: Float64Distribution;
  readonly divergence: Float64Divergence;
  /** Null without base logits. */
  readonly kl: Float64Divergence | null;
  readonly ratio: ImportanceRatio;
  /** log p of the sampled token, by side. */
  readonly logprobs: { readonly student: number; readonly teacher: number; readonly base: number | null };
}

/**
 * `sdpoRows` over the whole vocabulary, one number at a time in float64. AdamW makes a whole step even of gradients as small as its epsilon,
 * so that what float32 rounds off here shows in the adapter. A step on a Tinker service does the same with the log-probs that it tells.
 */
export function float64Rows(input: SdpoRowsInput, settings: SdpoSettings): SdpoRows {
  const positions = positionsOf(input, settings);
  const [R, V] = input.studentLogits.shape;
  const gradient = new Float32Array(R * V);
  positions.forEach((position, row) => {
    gradient.set(rowGradient(position, input.rowWeights[row]!, settings), row * V);
  });
  return { ...valuesOf(positions), dStudentLogits: tensor2d(gradient, [R, V]) };
}

/** `sdpoRowValues`, the same way. */
export function float64RowValues(input: SdpoMeasuredRows, settings: SdpoSettings): SdpoRowValues {
  return valuesOf(positionsOf(input, settings));
}

function positionsOf(input: SdpoMeasuredRows, { alpha, temperature, isClip }: SdpoSettings): Position[] {
  const students = distributions(input.studentLogits, temperature);
  const teachers = distributions(input.teacherLogits, temperature);
  const bases = input.baseLogits && distributions(input.baseLogits, temperature);
  return students.map((student, row): Position => {
    const [teacher, base] = [teachers[row]!, bases?.[row] ?? null];
    const token = input.tokenIds[row]!;
    const logprob = student.logProbabilities[token];
    if (logprob === undefined) {
      throw new RangeError(`Token id ${token} is not in a vocabulary of ${student.logProbabilities.length}.`);
    }
    return {
      student,
      divergence: float64Divergence(student, teacher, alpha),
      kl: base && float64Divergence(student, base, 1),
      ratio: importanceRatio(logprob, input.oldLogprobs?.[row] ?? null, isClip),
      logprobs: {
        student: logprob,
        teacher: teacher.logProbabilities[token]!,
        base: base && base.logProbabilities[token]!,
      },
    };
  });
}

/** rowWeight·(ρ·∂D + klRegWeight·∂KL)/∂logits, the temperature included — (V) */
function rowGradient(
  { student, divergence, kl, ratio }: Position,
  rowWeight: number,
  { temperature, klRegWeight }: SdpoSettings,
): Float32Array {
  const perLogit = rowWeight / temperature;
  const V = divergence.gradient.length;
  const rounded = new Float32Array(V);
  let left = 0;
  for (let v = 0; v < V; v++) {
    const dKl = kl === null ? 0 : klRegWeight * kl.gradient[v]!;
    rounded[v] = perLogit * (ratio.ratio * divergence.gradient[v]! + dKl);
    left += rounded[v]!;
  }
  // A gradient of logits adds up to 0; what rounding has left over is taken away in shares of p, as `centred` does.
  for (let v = 0; v < V; v++) rounded[v]! -= left * student.unscaledProbabilities[v]!;
  return rounded;
}

function valuesOf(positions: readonly Position[]): SdpoRowValues {
  const each = (value: (position: Position) => number): Float32Array => Float32Array.from(positions, value);
  const hasBase = positions.every(({ kl }) => kl !== null);
  return {
    divergence: each(({ divergence }) => divergence.divergence),
    ratio: each(({ ratio }) => ratio.ratio),
    isClipped: Uint8Array.from(positions, ({ ratio }) => (ratio.isClipped ? 1 : 0)),
    kl: hasBase ? each(({ kl }) => kl!.divergence) : null,
    k3: hasBase ? each(({ logprobs }) => k3Estimate(logprobs.student, logprobs.base!)) : null,
    studentLogprobs: each(({ logprobs }) => logprobs.student),
    teacherLogprobs: each(({ logprobs }) => logprobs.teacher),
    baseLogprobs: hasBase ? each(({ logprobs }) => logprobs.base!) : null,
    supportIds: null,
  };
}

function distributions(logits: Tensor2D, temperature: number): Float64Distribution[] {
  const [R, V] = logits.shape;
  const values = logits.dataSync<'float32'>();
  return Array.from({ length: R }, (_, row) =>
    float64Distribution(values.subarray(row * V, (row + 1) * V), temperature),
  );
}

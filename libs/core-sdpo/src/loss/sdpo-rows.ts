import { add, mul, tensor2d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { fullDivergence, reverseKl } from './full-divergence.js';
import { LengthMismatchError } from './sdpo-errors.js';
import { importanceRatios, k3Estimate } from './importance-ratio.js';
import { logProbabilitiesAt, rowSoftmax } from './row-softmax.js';
import type { RowSoftmax } from './row-softmax.js';
import type { SdpoSettings } from './sdpo-settings.js';
import { topkDivergence, topkGradient } from './topk-divergence.js';

/** R positions of responses, every one of which counts; V vocabulary. Logits are raw: the temperature is applied here. */
export interface SdpoRowsInput {
  /** (R, V), the adapter on */
  readonly studentLogits: Tensor2D;
  /** (R, V), no gradient */
  readonly teacherLogits: Tensor2D;
  /** (R, V) on the student's context, no gradient; null leaves the KL regularizer out. */
  readonly baseLogits: Tensor2D | null;
  /** (R): the tokens that were sampled at these positions */
  readonly tokenIds: Int32Array;
  /** (R): their log-probs at sampling time; null sets every importance ratio to 1. */
  readonly oldLogprobs: ArrayLike<number> | null;
  /** (R): share of each position in the loss, 1 / (samples · unmasked positions of its sample) */
  readonly rowWeights: Float32Array;
}

/** One number for each row, in nats where it is a divergence or a log-prob. */
export interface SdpoRowValues {
  readonly divergence: Float32Array;
  /** After the cut at `isClip`. */
  readonly ratio: Float32Array;
  /** 1 where the ratio reached the cut. */
  readonly isClipped: Uint8Array;
  /** KL(S‖B) over the whole vocabulary; null without base logits. */
  readonly kl: Float32Array | null;
  /** Estimate of the same from the sampled token alone, reported only; null without base logits. */
  readonly k3: Float32Array | null;
  readonly studentLogprobs: Float32Array;
  readonly teacherLogprobs: Float32Array;
  readonly baseLogprobs: Float32Array | null;
  /** (R·k), row by row; null with full support. */
  readonly supportIds: Int32Array | null;
}

export interface SdpoRows extends SdpoRowValues {
  /** (R, V): rowWeight·(ρ·∂D + klRegWeight·∂KL)/∂logits, the temperature included. The caller's to dispose. */
  readonly dStudentLogits: Tensor2D;
}

/**
 * The SDPO loss of a chunk of positions, value and closed-form gradient at once: the kernel of the fused vocabulary layer.
 * The loss is Σ rowWeight·(ratio·divergence + klRegWeight·kl); chunks add up.
 * Row values are read back at once; nothing is checked for being finite, which is for those who see all chunks.
 */
export function sdpoRows(input: SdpoRowsInput, settings: SdpoSettings): SdpoRows {
  assertLengths(input);
  let values!: SdpoRowValues;
  const dStudentLogits = tidy(() => {
    const { divergence, kl, rowValues } = evaluate(input, settings);
    values = rowValues;
    const perLogit = input.rowWeights.map((weight) => weight / settings.temperature);
    const dDivergence = mul<Tensor2D>(
      divergence.gradient(),
      column(perLogit.map((weight, row) => weight * rowValues.ratio[row]!)),
    );
    if (kl === null || settings.klRegWeight === 0) return dDivergence;
    const dKl = mul<Tensor2D>(kl.gradient, column(perLogit.map((weight) => weight * settings.klRegWeight)));
    return add<Tensor2D>(dDivergence, dKl);
  });
  return { ...values, dStudentLogits };
}

/** The values of `sdpoRows` without the gradient: for measuring before and after a step. */
export function sdpoRowValues(input: Omit<SdpoRowsInput, 'rowWeights'>, settings: SdpoSettings): SdpoRowValues {
  assertLengths(input);
  let values!: SdpoRowValues;
  tidy(() => {
    values = evaluate(input, settings).rowValues;
  });
  return values;
}

interface RowDivergence {
  readonly values: Float32Array;
  readonly supportIds: Int32Array | null;
  /** (R, V) with respect to logits after the temperature; to be called within the same tidy. */
  readonly gradient: () => Tensor2D;
}

/** Runs within the caller's tidy. */
function evaluate(input: Omit<SdpoRowsInput, 'rowWeights'>, settings: SdpoSettings) {
  const { tokenIds, baseLogits } = input;
  const student = rowSoftmax(input.studentLogits, settings.temperature);
  const teacher = rowSoftmax(input.teacherLogits, settings.temperature);
  const divergence = rowDivergence(student, teacher, settings);
  const studentLogprobs = logProbabilitiesAt(student, tokenIds);
  const base = baseLogits === null ? null : rowSoftmax(baseLogits, settings.temperature);
  const kl = base === null ? null : reverseKl(student, base);
  const baseLogprobs = base === null ? null : logProbabilitiesAt(base, tokenIds);
  const rowValues: SdpoRowValues = {
    divergence: divergence.values,
    ...importanceRatios(studentLogprobs, input.oldLogprobs, settings.isClip),
    kl: kl === null ? null : kl.divergence.dataSync<'float32'>(),
    k3:
      baseLogprobs === null
        ? null
        : baseLogprobs.map((baseLogprob, row) => k3Estimate(studentLogprobs[row]!, baseLogprob)),
    studentLogprobs,
    teacherLogprobs: logProbabilitiesAt(teacher, tokenIds),
    baseLogprobs,
    supportIds: divergence.supportIds,
  };
  return { divergence, kl, rowValues };
}

function rowDivergence(student: RowSoftmax, teacher: RowSoftmax, settings: SdpoSettings): RowDivergence {
  const { support, alpha } = settings;
  if (support.kind === 'full') {
    const { divergence, gradient } = fullDivergence(student, teacher, alpha);
    return { values: divergence.dataSync<'float32'>(), supportIds: null, gradient: () => gradient };
  }
  const chooser = support.kind === 'student_topk' ? student : teacher;
  const topk = topkDivergence(student, teacher, chooser, support.k, alpha);
  return { values: topk.divergence, supportIds: topk.supportIds, gradient: () => topkGradient(student, topk) };
}

function column(values: Float32Array): Tensor2D {
  return tensor2d(values, [values.length, 1]);
}

function assertLengths(input: Partial<SdpoRowsInput> & Pick<SdpoRowsInput, 'studentLogits' | 'tokenIds'>): void {
  const R = input.studentLogits.shape[0];
  for (const name of ['tokenIds', 'oldLogprobs', 'rowWeights'] as const) {
    const length = input[name]?.length ?? R;
    if (length !== R) throw new LengthMismatchError(name, length, R);
  }
}

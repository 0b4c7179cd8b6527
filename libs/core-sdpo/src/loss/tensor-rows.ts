import { add, mul, tensor2d, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { fullDivergence, reverseKl } from './full-divergence.js';
import { importanceRatios, k3Estimate } from './importance-ratio.js';
import { logProbabilitiesAt, rowSoftmax } from './row-softmax.js';
import type { RowSoftmax } from './row-softmax.js';
import type { SdpoMeasuredRows, SdpoRows, SdpoRowsInput, SdpoRowValues } from './sdpo-rows.js';
import type { SdpoSettings } from './sdpo-settings.js';
import { topkDivergence, topkGradient } from './topk-divergence.js';

/** `sdpoRows` on whatever device the tensors are, in float32. */
export function tensorRows(input: SdpoRowsInput, settings: SdpoSettings): SdpoRows {
  let values!: SdpoRowValues;
  const dStudentLogits = tidy(() => {
    const { divergence, kl, rowValues } = evaluate(input, settings);
    values = rowValues;
    const perLogit = Float32Array.from(input.rowWeights, (weight) => weight / settings.temperature);
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

export function tensorRowValues(input: SdpoMeasuredRows, settings: SdpoSettings): SdpoRowValues {
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
function evaluate(input: SdpoMeasuredRows, settings: SdpoSettings) {
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

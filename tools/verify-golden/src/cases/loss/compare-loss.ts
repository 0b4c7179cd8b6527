import type { SdpoMeans, SdpoRowValues } from '@claas/core-sdpo';
import type { Comparison } from '../../comparison/comparison.js';
import type { Tolerance } from '../../comparison/tolerance.js';
import type { ExpectedBatch, ExpectedSample } from './loss-file.js';

/** One sample as computed: `loss/` and the steps of a model have the same form. */
export interface ComputedSample extends SdpoMeans {
  readonly divergenceMean: number;
  /** The unmasked positions, what `rows` is about. */
  readonly positions: readonly number[];
  readonly rows: SdpoRowValues;
}

export interface ComputedBatch extends SdpoMeans {
  readonly samples: readonly ComputedSample[];
}

export interface LossTolerances {
  readonly values: Tolerance;
  readonly logprobs: Tolerance;
}

/** Every part of a batch loss; `label` goes before each quantity's name. */
export function compareBatch(
  comparison: Comparison,
  label: string,
  computed: ComputedBatch,
  expected: ExpectedBatch,
  tolerances: LossTolerances,
): void {
  compareMeans(comparison, label, computed, expected, tolerances.values);
  comparison.exact(`${label}number of samples`, computed.samples.length, expected.samples.length);
  for (const [i, sample] of expected.samples.entries()) {
    const found = computed.samples[i];
    if (found !== undefined) compareSample(comparison, `${label}sample ${i} `, found, sample, tolerances);
  }
}

function compareMeans(
  comparison: Comparison,
  label: string,
  computed: SdpoMeans,
  expected: Omit<ExpectedBatch, 'samples'>,
  tolerance: Tolerance,
): void {
  const pairs = {
    loss: [computed.loss, expected.loss],
    distill_loss: [computed.distillLoss, expected.distill_loss],
    kl: [computed.kl, expected.kl],
    k3: [computed.k3, expected.k3],
    mean_rho: [computed.meanRatio, expected.mean_rho],
    clip_fraction: [computed.clipFraction, expected.clip_fraction],
  } as const;
  for (const [name, [actual, reference]] of Object.entries(pairs)) {
    if (reference !== undefined) comparison.number(label + name, actual ?? Number.NaN, reference, tolerance);
  }
}

function compareSample(
  comparison: Comparison,
  label: string,
  computed: ComputedSample,
  expected: ExpectedSample,
  { values, logprobs }: LossTolerances,
): void {
  const { rows, positions } = computed;
  compareMeans(comparison, label, computed, expected, values);
  comparison.number(`${label}divergence_mean`, computed.divergenceMean, expected.divergence_mean, values);
  comparison.exact(`${label}tokens`, positions.length, expected.tokens);
  const perToken = {
    divergence: [rows.divergence, expected.divergence, values],
    rho: [rows.ratio, expected.rho, values],
    kl_per_token: [rows.kl, expected.kl_per_token, values],
    k3_per_token: [rows.k3, expected.k3_per_token, values],
    student_logprobs: [rows.studentLogprobs, expected.student_logprobs, logprobs],
    teacher_logprobs: [rows.teacherLogprobs, expected.teacher_logprobs, logprobs],
    base_logprobs: [rows.baseLogprobs, expected.base_logprobs, logprobs],
  } as const;
  for (const [name, [actual, reference, tolerance]] of Object.entries(perToken)) {
    if (reference === null) continue;
    comparison.numbers(label + name, atPositions(actual, positions, reference.length), reference, tolerance);
  }
  compareSupport(comparison, label, computed, expected);
}

/** Spread over all positions of the response; NaN, which is near nothing, where masked. */
function atPositions(values: Float32Array | null, positions: readonly number[], length: number): Float64Array {
  const spread = new Float64Array(length).fill(Number.NaN);
  for (const [row, position] of positions.entries()) spread[position] = values?.[row] ?? Number.NaN;
  return spread;
}

/** As sets, position by position. */
function compareSupport(
  comparison: Comparison,
  label: string,
  { rows: { supportIds }, positions }: ComputedSample,
  { support_ids: expected }: ExpectedSample,
): void {
  if (expected === undefined) return;
  const k = (supportIds?.length ?? 0) / positions.length;
  for (const [row, position] of positions.entries()) {
    const ids = [...(supportIds ?? []).slice(row * k, (row + 1) * k)];
    comparison.exact(`${label}support_ids of token ${position}`, sorted(ids), sorted(expected[position] ?? []));
  }
}

function sorted(ids: readonly number[]): number[] {
  return [...ids].sort((a, b) => a - b);
}

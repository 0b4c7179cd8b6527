import type { Comparison } from '../../comparison/comparison.js';
import type { StepTolerance } from './step-file.js';

/** Tensors of an adapter, its gradients or its moments, by name. */
export type TensorValues = ReadonlyMap<string, ArrayLike<number>>;

/** Largest error of each tensor as a share of its largest value; a tensor that is zero in the reference must be exactly zero. */
export function compareRelativeToLargest(
  comparison: Comparison,
  label: string,
  computed: TensorValues,
  reference: TensorValues,
  tolerance: number,
): void {
  if (!sameNames(comparison, label, computed, reference)) return;
  let worst = { share: 0, name: '' };
  for (const [name, expected] of reference) {
    const { max } = errors(computed.get(name)!, expected);
    const largest = Array.from(expected).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const share = max === 0 ? 0 : max / (largest * tolerance);
    if (!(share <= worst.share)) worst = { share, name };
  }
  comparison.share(label, worst.share, () => `largest error in ${worst.name}`);
}

/** Weights after an update, all tensors together, their errors in units of the learning rate: Adam divides by |g|, see the set's README. */
export function compareWeights(
  comparison: Comparison,
  label: string,
  computed: TensorValues,
  reference: TensorValues,
  learningRate: number,
  tolerance: StepTolerance,
): void {
  if (!sameNames(comparison, label, computed, reference)) return;
  const all: number[] = [];
  for (const [name, expected] of reference) {
    const actual = computed.get(name)!;
    for (let i = 0; i < expected.length; i++)
      all.push(Math.abs((actual[i] ?? Number.NaN) - expected[i]!) / learningRate);
  }
  const finite = all.every(Number.isFinite);
  const sorted = Float64Array.from(all).sort();
  const statistics = {
    p995: [sorted[Math.ceil(0.995 * (sorted.length - 1))]!, tolerance.lora_after_p995_in_units_of_lr],
    rms: [Math.sqrt(all.reduce((sum, e) => sum + e * e, 0) / all.length), tolerance.lora_after_rms_in_units_of_lr],
    max: [sorted[sorted.length - 1]!, tolerance.lora_after_max_in_units_of_lr],
  } as const;
  for (const [name, [value, allowed]] of Object.entries(statistics)) {
    const share = finite ? value / allowed : Number.POSITIVE_INFINITY;
    comparison.share(`${label} ${name}`, share, () => `${value.toPrecision(3)} learning rates`);
  }
}

function sameNames(comparison: Comparison, label: string, computed: TensorValues, reference: TensorValues): boolean {
  const missing = [...computed.keys()].filter((name) => !reference.has(name));
  const unknown = [...reference.keys()].filter((name) => !computed.has(name));
  const unequal = [...reference]
    .filter(([name, values]) => computed.get(name)?.length !== values.length)
    .map(([name]) => name);
  if (missing.length > 0) comparison.miss(label, `the reference lacks ${missing.join(', ')}`);
  if (unknown.length > 0) comparison.miss(label, `the reference has what was not computed: ${unknown.join(', ')}`);
  else if (unequal.length > 0) comparison.miss(label, `another number of elements in ${unequal.join(', ')}`);
  return missing.length + unknown.length + unequal.length === 0;
}

function errors(actual: ArrayLike<number>, expected: ArrayLike<number>): { readonly max: number } {
  let max = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs((actual[i] ?? Number.NaN) - expected[i]!);
    if (!(error <= max)) max = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
  }
  return { max };
}

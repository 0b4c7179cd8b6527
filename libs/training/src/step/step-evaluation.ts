import { NonFiniteLossError } from '@claas/core-sdpo';
import type { SdpoMeans, SdpoRowValues } from '@claas/core-sdpo';

/** What one sample says of the current adapter: means over its unmasked positions. */
export interface SampleEvaluation extends SdpoMeans {
  /** Mean divergence, not weighed by the ratio. */
  readonly divergenceMean: number;
  /** The unmasked positions in order: what `rows` is about. */
  readonly positions: readonly number[];
  readonly rows: SdpoRowValues;
  /** log S(y) of the unmasked positions at temperature 1. */
  readonly unscaledLogprobs: Float32Array;
}

/** Means over samples of the samples' means: the batch loss and its parts. */
export interface StepEvaluation extends SdpoMeans {
  readonly samples: readonly SampleEvaluation[];
}

/** @throws NonFiniteLossError when any value is not finite */
export function sampleMeans(
  rows: SdpoRowValues,
  klRegWeight: number,
): SdpoMeans & Pick<SampleEvaluation, 'divergenceMean'> {
  for (const quantity of FINITE_QUANTITIES) {
    if (rows[quantity]?.every(Number.isFinite) === false)
      throw new NonFiniteLossError(`${quantity} of a response token`);
  }
  const distillLoss = mean(rows.divergence.map((divergence, row) => divergence * (rows.ratio[row] ?? Number.NaN)));
  const kl = rows.kl === null ? null : mean(rows.kl);
  return {
    loss: klRegWeight === 0 || kl === null ? distillLoss : distillLoss + klRegWeight * kl,
    distillLoss,
    kl,
    k3: rows.k3 === null ? null : mean(rows.k3),
    meanRatio: mean(rows.ratio),
    clipFraction: mean(rows.isClipped),
    divergenceMean: mean(rows.divergence),
  };
}

export function batchEvaluation(samples: readonly SampleEvaluation[]): StepEvaluation {
  return {
    loss: mean(samples.map(({ loss }) => loss)),
    distillLoss: mean(samples.map(({ distillLoss }) => distillLoss)),
    kl: meanOrNull(samples.map(({ kl }) => kl)),
    k3: meanOrNull(samples.map(({ k3 }) => k3)),
    meanRatio: mean(samples.map(({ meanRatio }) => meanRatio)),
    clipFraction: mean(samples.map(({ clipFraction }) => clipFraction)),
    samples,
  };
}

const FINITE_QUANTITIES = ['divergence', 'ratio', 'kl', 'studentLogprobs', 'teacherLogprobs', 'baseLogprobs'] as const;

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

function meanOrNull(values: readonly (number | null)[]): number | null {
  const present = values.filter((value) => value !== null);
  return present.length === values.length ? mean(present) : null;
}

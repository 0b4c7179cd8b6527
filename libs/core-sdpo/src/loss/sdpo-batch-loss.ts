import { abs, gather, scatterND, sum, tensor1d, tensor2d, tidy } from '@tensorflow/tfjs-core';
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core';
import { EmptyResponseError, LengthMismatchError, NonFiniteLossError } from './sdpo-errors.js';
import { sdpoRows } from './sdpo-rows.js';
import type { SdpoRows } from './sdpo-rows.js';
import type { SdpoSettings } from './sdpo-settings.js';

/** One response with the logits of all its L positions. */
export interface SdpoSample {
  /** (L) */
  readonly responseIds: ArrayLike<number>;
  /** (L): 1 where a position counts, 0 where it is as if it weren't there, whatever its logits are. */
  readonly mask: ArrayLike<number>;
  /** (L) */
  readonly oldLogprobs: ArrayLike<number> | null;
  /** (L, V) each */
  readonly studentLogits: Tensor2D;
  readonly teacherLogits: Tensor2D;
  readonly baseLogits: Tensor2D | null;
}

/** Means over a sample's unmasked positions; `kl` and `k3` are null without base logits. */
export interface SdpoMeans {
  /** distillLoss + klRegWeight · kl */
  readonly loss: number;
  /** Mean of ratio · divergence. */
  readonly distillLoss: number;
  readonly kl: number | null;
  readonly k3: number | null;
  readonly meanRatio: number;
  readonly clipFraction: number;
}

export interface SdpoSampleLoss extends SdpoMeans {
  /** Mean divergence, not weighed by the ratio. */
  readonly divergenceMean: number;
  /** The unmasked positions in order: what `rows` is about. */
  readonly positions: readonly number[];
  /** Values of the unmasked positions; `dStudentLogits` has all L, zero where masked: d(batch loss)/d(logits). */
  readonly rows: SdpoRows;
}

export interface SdpoBatchLoss extends SdpoMeans {
  readonly samples: readonly SdpoSampleLoss[];
}

/**
 * The loss of a batch: the mean over samples of each sample's mean over its unmasked positions, not the mean over all tokens.
 * Gradients in it are the caller's to dispose.
 * @throws EmptyResponseError when a sample is empty or fully masked; the whole batch is refused.
 * @throws LengthMismatchError when a sample's lists differ in length.
 * @throws NonFiniteLossError when an unmasked position gives a loss or gradient that isn't finite.
 */
export function sdpoBatchLoss(samples: readonly SdpoSample[], settings: SdpoSettings): SdpoBatchLoss {
  if (samples.length === 0) throw new EmptyResponseError(0);
  samples.forEach(assertSample);
  const losses: SdpoSampleLoss[] = [];
  try {
    for (const sample of samples) losses.push(sampleLoss(sample, settings, samples.length));
  } catch (error) {
    for (const { rows } of losses) rows.dStudentLogits.dispose();
    throw error;
  }
  return {
    loss: mean(losses.map((sample) => sample.loss)),
    distillLoss: mean(losses.map((sample) => sample.distillLoss)),
    kl: meanOrNull(losses.map((sample) => sample.kl)),
    k3: meanOrNull(losses.map((sample) => sample.k3)),
    meanRatio: mean(losses.map((sample) => sample.meanRatio)),
    clipFraction: mean(losses.map((sample) => sample.clipFraction)),
    samples: losses,
  };
}

function assertSample(sample: SdpoSample, index: number): void {
  const L = sample.responseIds.length;
  const lengths = {
    mask: sample.mask.length,
    oldLogprobs: sample.oldLogprobs?.length ?? L,
    studentLogits: sample.studentLogits.shape[0],
    teacherLogits: sample.teacherLogits.shape[0],
    baseLogits: sample.baseLogits?.shape[0] ?? L,
  };
  for (const [list, length] of Object.entries(lengths)) {
    if (length !== L) throw new LengthMismatchError(`${list} of sample ${index}`, length, L);
  }
  if (unmaskedPositions(sample).length === 0) throw new EmptyResponseError(index);
}

function sampleLoss(sample: SdpoSample, settings: SdpoSettings, sampleCount: number): SdpoSampleLoss {
  const positions = unmaskedPositions(sample);
  const L = sample.responseIds.length;
  let rows!: SdpoRows;
  const dStudentLogits = tidy(() => {
    rows = sdpoRows(
      {
        studentLogits: pick(sample.studentLogits, positions),
        teacherLogits: pick(sample.teacherLogits, positions),
        baseLogits: sample.baseLogits === null ? null : pick(sample.baseLogits, positions),
        tokenIds: Int32Array.from(positions, (position) => sample.responseIds[position]!),
        oldLogprobs: sample.oldLogprobs === null ? null : positions.map((position) => sample.oldLogprobs![position]!),
        rowWeights: positions.map(() => 1 / (positions.length * sampleCount)),
      },
      settings,
    );
    assertFinite(rows);
    const indices = tensor2d(positions, [positions.length, 1], 'int32');
    return scatterND<Rank.R2>(indices, rows.dStudentLogits, [L, sample.studentLogits.shape[1]]);
  });
  return { ...sampleMeans(rows, settings), positions, rows: { ...rows, dStudentLogits } };
}

function sampleMeans(rows: SdpoRows, settings: SdpoSettings): SdpoMeans & { readonly divergenceMean: number } {
  const distillLoss = mean(rows.divergence.map((divergence, row) => divergence * rows.ratio[row]!));
  const kl = rows.kl === null ? null : mean(rows.kl);
  return {
    loss: distillLoss + settings.klRegWeight * (kl ?? 0),
    distillLoss,
    kl,
    k3: rows.k3 === null ? null : mean(rows.k3),
    meanRatio: mean(rows.ratio),
    clipFraction: mean(rows.isClipped),
    divergenceMean: mean(rows.divergence),
  };
}

/** NaN and infinite logits reach every value of their row; a gradient is finite exactly if the sum of its absolute values is. */
function assertFinite(rows: SdpoRows): void {
  for (const quantity of FINITE_QUANTITIES) {
    if (rows[quantity]?.some((value) => !Number.isFinite(value)) ?? false) throw new NonFiniteLossError(quantity);
  }
  const gradientMass = sum(abs(rows.dStudentLogits)).dataSync<'float32'>()[0]!;
  if (!Number.isFinite(gradientMass)) throw new NonFiniteLossError('The gradient of the logits');
}

const FINITE_QUANTITIES = ['divergence', 'ratio', 'kl', 'studentLogprobs', 'teacherLogprobs', 'baseLogprobs'] as const;

function unmaskedPositions(sample: SdpoSample): number[] {
  return Array.from(sample.mask, (_, position) => position).filter((position) => sample.mask[position] !== 0);
}

function pick(logits: Tensor2D, positions: readonly number[]): Tensor2D {
  return gather(logits, tensor1d([...positions], 'int32'));
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

function meanOrNull(values: readonly (number | null)[]): number | null {
  const present = values.filter((value) => value !== null);
  return present.length === values.length ? mean(present) : null;
}

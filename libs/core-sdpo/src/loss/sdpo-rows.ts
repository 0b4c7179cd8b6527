import type { Tensor2D } from '@tensorflow/tfjs-core';
import { float64Rows, float64RowValues } from './float64-rows.js';
import { LengthMismatchError } from './sdpo-errors.js';
import type { SdpoSettings } from './sdpo-settings.js';
import { tensorRows, tensorRowValues } from './tensor-rows.js';

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
  readonly rowWeights: ArrayLike<number>;
}

/** Rows to be measured, not learned from. */
export type SdpoMeasuredRows = Omit<SdpoRowsInput, 'rowWeights'>;

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

/** A position of this many tokens takes 1.4 ms, as long as by tensors; much larger ones would take longer. */
const LARGEST_FLOAT64_VOCABULARY = 8192;

/**
 * The SDPO loss of a chunk of positions, value and closed-form gradient at once: the kernel of the fused vocabulary layer.
 * The loss is Σ rowWeight·(ratio·divergence + klRegWeight·kl); chunks add up.
 * Row values are read back at once; nothing is checked for being finite, which is for those who see all chunks.
 * @throws LengthMismatchError, RangeError for a token that isn't in the vocabulary or a support of no token
 */
export function sdpoRows(input: SdpoRowsInput, settings: SdpoSettings): SdpoRows {
  assertLengths(input);
  return isInFloat64(input, settings) ? float64Rows(input, settings) : tensorRows(input, settings);
}

/** The values of `sdpoRows` without the gradient: for measuring before and after a step. */
export function sdpoRowValues(input: SdpoMeasuredRows, settings: SdpoSettings): SdpoRowValues {
  assertLengths(input);
  return isInFloat64(input, settings) ? float64RowValues(input, settings) : tensorRowValues(input, settings);
}

/** A support of a few tokens is not meant: `topkDivergence` computes those in float64 whatever the vocabulary is. */
function isInFloat64({ studentLogits }: SdpoMeasuredRows, settings: SdpoSettings): boolean {
  const { support, largestFloat64Vocabulary = LARGEST_FLOAT64_VOCABULARY } = settings;
  return support.kind === 'full' && studentLogits.shape[1] <= largestFloat64Vocabulary;
}

function assertLengths(input: Partial<SdpoRowsInput> & Pick<SdpoRowsInput, 'studentLogits' | 'tokenIds'>): void {
  const R = input.studentLogits.shape[0];
  for (const name of ['tokenIds', 'oldLogprobs', 'rowWeights'] as const) {
    const length = input[name]?.length ?? R;
    if (length !== R) throw new LengthMismatchError(name, length, R);
  }
}

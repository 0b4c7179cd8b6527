import { concat, gather, scatterND, tensor1d, tensor2d, tidy } from '@tensorflow/tfjs-core';
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core';
import type { LanguageModel } from '@claas/core-model';
import { sdpoRows, sdpoRowValues } from '@claas/core-sdpo';
import type { SdpoRowsInput, SdpoRowValues, SdpoSettings } from '@claas/core-sdpo';
import { yieldToEventLoop } from './event-loop.js';
import { joinRowValues } from './row-values.js';
import { tokenLogprobs } from './token-logprobs.js';

/**
 * The last linear layer and the loss, fused over chunks of positions: at no time are there more logits than those of one chunk.
 * Fewer positions would only read the vocabulary's matrix more often.
 */
const POSITIONS_PER_CHUNK = 64;

/** Final-normed hidden states of a sample's L response positions; C channels. */
export interface ResponseHidden {
  /** (L, C) */
  readonly student: Tensor2D;
  /** (L, C) */
  readonly teacher: Tensor2D;
  /** (L, C); null leaves the KL to the base out. */
  readonly base: Tensor2D | null;
}

export interface ResponseTargets {
  /** (L) */
  readonly responseTokenIds: readonly number[];
  /** (L) or null */
  readonly oldLogprobs: readonly number[] | null;
  /** The positions that count, ascending. */
  readonly positions: readonly number[];
  /** Share of each of them in the batch loss. */
  readonly rowWeight: number;
}

export interface ResponseLoss {
  /** Of the positions that count. */
  readonly rows: SdpoRowValues;
  /** Student's, at temperature 1. */
  readonly unscaledLogprobs: Float32Array;
  /** (L, C): d(batch loss)/d(student hidden), zero where masked, the caller's to dispose; null where it wasn't asked for. */
  readonly dHidden: Tensor2D | null;
}

/** Loss values of one response and, if wanted, the gradient of its hidden states. @throws ClaasError `cancelled` */
export async function responseLoss(
  model: LanguageModel,
  hidden: ResponseHidden,
  targets: ResponseTargets,
  settings: SdpoSettings,
  options: { readonly withGradient: boolean; readonly signal?: AbortSignal },
): Promise<ResponseLoss> {
  const rows: SdpoRowValues[] = [];
  const unscaledLogprobs: number[] = [];
  const dChunks: Tensor2D[] = [];
  try {
    for (let from = 0; from < targets.positions.length; from += POSITIONS_PER_CHUNK) {
      await yieldToEventLoop(options.signal);
      const positions = targets.positions.slice(from, from + POSITIONS_PER_CHUNK);
      const chunk = chunkLoss(model, hidden, { ...targets, positions }, settings, options.withGradient);
      rows.push(chunk.rows);
      unscaledLogprobs.push(...chunk.unscaledLogprobs);
      if (chunk.dHidden !== null) dChunks.push(chunk.dHidden);
    }
    const dHidden = options.withGradient ? spread(dChunks, targets.positions, hidden.student.shape) : null;
    return { rows: joinRowValues(rows), unscaledLogprobs: Float32Array.from(unscaledLogprobs), dHidden };
  } finally {
    for (const chunk of dChunks) chunk.dispose();
  }
}

function chunkLoss(
  model: LanguageModel,
  hidden: ResponseHidden,
  { positions, responseTokenIds, oldLogprobs, rowWeight }: ResponseTargets,
  settings: SdpoSettings,
  withGradient: boolean,
): ResponseLoss {
  let rows!: SdpoRowValues;
  let unscaledLogprobs!: Float32Array;
  const dHidden = tidy((): Tensor2D | undefined => {
    const logits = (all: Tensor2D): Tensor2D => model.headProduct(gather(all, tensor1d([...positions], 'int32')));
    const input: SdpoRowsInput = {
      studentLogits: logits(hidden.student),
      teacherLogits: logits(hidden.teacher),
      baseLogits: hidden.base === null ? null : logits(hidden.base),
      tokenIds: Int32Array.from(positions, (position) => responseTokenIds[position]!),
      oldLogprobs: oldLogprobs === null ? null : positions.map((position) => oldLogprobs[position]!),
      rowWeights: new Float32Array(positions.length).fill(rowWeight),
    };
    if (withGradient) {
      const { dStudentLogits, ...values } = sdpoRows(input, settings);
      rows = values;
      unscaledLogprobs = unscaled(model, input, values, settings);
      return model.headBackward(dStudentLogits);
    }
    rows = sdpoRowValues(input, settings);
    unscaledLogprobs = unscaled(model, input, rows, settings);
    return undefined;
  });
  return { rows, unscaledLogprobs, dHidden: dHidden ?? null };
}

/** At temperature 1 these are the student's log-probs already. */
function unscaled(
  model: LanguageModel,
  { studentLogits, tokenIds }: SdpoRowsInput,
  rows: SdpoRowValues,
  { temperature }: SdpoSettings,
): Float32Array {
  return temperature === 1 ? rows.studentLogprobs : tokenLogprobs(model.backend, studentLogits, tokenIds);
}

/** Chunks of the positions that count → (L, C), zero elsewhere. */
function spread(chunks: readonly Tensor2D[], positions: readonly number[], shape: [number, number]): Tensor2D {
  return tidy(() => {
    const rows: Tensor2D = concat([...chunks], 0);
    if (positions.length === shape[0]) return rows;
    return scatterND<Rank.R2>(tensor2d([...positions], [positions.length, 1], 'int32'), rows, shape);
  });
}

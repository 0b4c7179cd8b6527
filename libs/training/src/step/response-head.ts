import { concat, gather, scatterND, tensor1d, tensor2d, tidy } from '@tensorflow/tfjs-core';
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core';
import type { TeacherPosition } from '@claas/contracts';
import type { LanguageModel } from '@claas/core-model';
import type { CompressedMatrix, Matrix, RowRange } from '@claas/tensor-backend';
import { sdpoRows, sdpoRowValues } from '@claas/core-sdpo';
import type { SdpoRowsInput, SdpoRowValues, SdpoSettings } from '@claas/core-sdpo';
import { yieldToEventLoop } from './event-loop.js';
import { joinRowValues } from './row-values.js';
import { teacherLogits } from './teacher-logits.js';
import { tokenLogprobs } from './token-logprobs.js';

/**
 * The last linear layer and the loss, fused over chunks of positions: at no time are there more logits than those of one chunk.
 * Fewer positions would only read the vocabulary's matrix more often.
 */
const POSITIONS_PER_CHUNK = 64;
/** A chunk's logits stay in the backend's short form; the loss has some ten float32 matrices of their size at a time, so it takes fewer of them. */
const POSITIONS_PER_LOSS = 4;
/** TensorFlow sums the products of fewer rows in another order, and a position's numbers may not depend on how many there are. */
const LEAST_ROWS = 16;

/** Final-normed hidden states of a sample's L response positions; C channels. */
export interface ResponseHidden {
  /** (L, C) */
  readonly student: Tensor2D;
  /** (L, C); null where `teacherScores` tell of the teacher. */
  readonly teacher: Tensor2D | null;
  /** (L, C); null leaves the KL to the base out. */
  readonly base: Tensor2D | null;
}

export interface ResponseTargets {
  /** (L) */
  readonly responseTokenIds: readonly number[];
  /** (L) or null */
  readonly oldLogprobs: readonly number[] | null;
  /** (L) or null */
  readonly teacherScores: readonly TeacherPosition[] | null;
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

/** Logits of some of a chunk's positions, (count, V). */
type ChunkLogits = (range: RowRange) => Tensor2D;

/** By who gives them; null where nobody does. */
interface LogitsOfChunk {
  readonly student: ChunkLogits;
  readonly teacher: ChunkLogits | null;
  readonly base: ChunkLogits | null;
  /** Before the tidy ends. */
  readonly dispose: () => void;
}

/** One product for all of them, which reads the vocabulary's matrix once; within the caller's tidy. */
function logitsOfChunk(
  model: LanguageModel,
  { student, teacher, base }: ResponseHidden,
  positions: readonly number[],
): LogitsOfChunk {
  const { backend } = model;
  const all = [...new Set([student, teacher, base])].filter((hidden) => hidden !== null);
  const count = Math.max(positions.length, Math.ceil(LEAST_ROWS / all.length));
  const ids = tensor1d(
    Array.from({ length: count }, (_, i) => positions[i] ?? positions[0]!),
    'int32',
  );
  const rows = all.map((hidden) => gather(hidden, ids));
  const logits = model.headProduct(backend.compress(rows.length === 1 ? rows[0]! : concat(rows, 0)));
  const of = (hidden: Tensor2D): ChunkLogits => {
    const first = all.indexOf(hidden) * count;
    return (range) => backend.restore(logits, { from: first + range.from, count: range.count });
  };
  const dispose = (): void => {
    logits.dispose();
  };
  return { student: of(student), teacher: teacher && of(teacher), base: base && of(base), dispose };
}

function chunkLoss(
  model: LanguageModel,
  hidden: ResponseHidden,
  targets: ResponseTargets,
  settings: SdpoSettings,
  withGradient: boolean,
): ResponseLoss {
  const { backend } = model;
  const parts: ResponseLoss[] = [];
  const dHidden = tidy((): Tensor2D | undefined => {
    const logits = logitsOfChunk(model, hidden, targets.positions);
    const dLogits: CompressedMatrix[] = [];
    for (let from = 0; from < targets.positions.length; from += POSITIONS_PER_LOSS) {
      const positions = targets.positions.slice(from, from + POSITIONS_PER_LOSS);
      const dPart = compressedTidy(() => {
        const { dLogits: d, ...part } = rowsLoss(
          model,
          logits,
          from,
          { ...targets, positions },
          settings,
          withGradient,
        );
        parts.push({ ...part, dHidden: null });
        return d && backend.compress(d);
      });
      if (dPart !== null) dLogits.push(dPart);
    }
    logits.dispose();
    return withGradient ? backend.restore(model.headBackward(backend.concatRows(dLogits))) : undefined;
  });
  return {
    rows: joinRowValues(parts.map(({ rows }) => rows)),
    unscaledLogprobs: Float32Array.from(parts.flatMap((part) => [...part.unscaledLogprobs])),
    dHidden: dHidden ?? null,
  };
}

/** The loss of some positions of a chunk, which begin at its row `from`; within the caller's tidy. */
function rowsLoss(
  model: LanguageModel,
  logits: LogitsOfChunk,
  from: number,
  { positions, responseTokenIds, oldLogprobs, teacherScores, rowWeight }: ResponseTargets,
  settings: SdpoSettings,
  withGradient: boolean,
): Omit<ResponseLoss, 'dHidden'> & { readonly dLogits: Tensor2D | null } {
  const range = { from, count: positions.length };
  const told = teacherScores === null ? null : positions.map((position) => teacherScores[position]!);
  const input: SdpoRowsInput = {
    studentLogits: logits.student(range),
    teacherLogits: told === null ? logits.teacher!(range) : teacherLogits(told, model.config.vocabularySize),
    baseLogits: logits.base && logits.base(range),
    tokenIds: Int32Array.from(positions, (position) => responseTokenIds[position]!),
    oldLogprobs: oldLogprobs === null ? null : positions.map((position) => oldLogprobs[position]!),
    rowWeights: positions.map(() => rowWeight),
  };
  if (!withGradient) {
    const rows = withTold(sdpoRowValues(input, settings), told);
    return { rows, unscaledLogprobs: unscaled(model, input, rows, settings), dLogits: null };
  }
  const { dStudentLogits, ...values } = sdpoRows(input, settings);
  const rows = withTold(values, told);
  return { rows, unscaledLogprobs: unscaled(model, input, rows, settings), dLogits: dStudentLogits };
}

/** The response's own tokens may be outside of the teacher's likeliest, and are told all the same. */
function withTold(rows: SdpoRowValues, told: readonly TeacherPosition[] | null): SdpoRowValues {
  return told === null ? rows : { ...rows, teacherLogprobs: Float32Array.from(told, ({ logprob }) => logprob) };
}

/** `tidy` for a compressed result: to tfjs it is a tensor as any other. */
function compressedTidy(work: () => CompressedMatrix | null): CompressedMatrix | null {
  const result = tidy(() => (work() as Matrix as Tensor2D | null) ?? undefined);
  return (result as Matrix as CompressedMatrix | undefined) ?? null;
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

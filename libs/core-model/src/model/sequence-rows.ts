import type { LanguageModel } from './language-model.js';

/** Sequence lengths are rounded up to multiples of this: native kernels keep memory for every distinct shape. */
const LENGTH_BUCKET = 32;

/** Which rows of a sequence are wanted, and which are computed to get them. */
export interface SequenceRows {
  /** Right-padded: under a causal mask no position sees a later one, so the padding changes nothing. */
  readonly padded: Int32Array;
  /** First row that is wanted. */
  readonly from: number;
  /** How many are. */
  readonly count: number;
  /** First row of the top layer's output: nothing before it is wanted, so that layer leaves it out. */
  readonly topFrom: number;
}

/** Rows from … T − 1 of a sequence of T tokens. */
export function sequenceRows(tokenIds: readonly number[], from: number): SequenceRows {
  const T = tokenIds.length;
  if (from < 0 || from >= T) throw new RangeError(`Rows from ${from} of a sequence of ${T} tokens.`);
  const padded = new Int32Array(Math.ceil(T / LENGTH_BUCKET) * LENGTH_BUCKET);
  padded.set(tokenIds);
  return { padded, from, count: T - from, topFrom: Math.floor(from / LENGTH_BUCKET) * LENGTH_BUCKET };
}

/** The same after checking the tokens. @throws ContextTooLongError, TokenIdsInvalidError */
export function checkedRows(model: LanguageModel, tokenIds: readonly number[], from: number): SequenceRows {
  model.assertTokenIds(tokenIds);
  model.assertFits(from, tokenIds.length - from);
  return sequenceRows(tokenIds, from);
}

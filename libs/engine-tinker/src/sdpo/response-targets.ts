import { MAX_CHUNK_BYTES } from '../session/training-model.js';
import { datumBytes } from '../wire/datum.js';
import type { TargetRows } from '../wire/datum.js';
import type { PositionLogprobs } from './sdpo-evaluation.js';

/**
 * T response positions and the tokens that the divergence looks at there. As targets, each position has its support's ids
 * and then the sampled token, padded to the same number.
 */
export class ResponseTargets {
  private readonly K: number;

  constructor(
    private readonly responseTokenIds: readonly number[],
    /** (T) rows of ids */
    private readonly supportIds: readonly (readonly number[])[],
    private readonly vocabularySize: number,
    private readonly maxBytes: number = MAX_CHUNK_BYTES,
  ) {
    this.K = supportIds.reduce((most, ids) => Math.max(most, ids.length), 0) + 1;
  }

  /**
   * The response after a context, as sequences that each fit into a request: gradients of several add up, so that a long
   * response may be taken apart.
   * @param weights (T) rows, one for each support id; null asks for log-probs alone
   */
  sequences(context: readonly number[], weights: readonly Float64Array[] | null): TargetRows[] {
    const T = this.responseTokenIds.length;
    const sequences: TargetRows[] = [];
    for (let from = 0, to = 0; from < T; from = to) {
      do to++;
      while (to < T && this.fits(context, from, to + 1));
      sequences.push(this.sequence(context, weights, from, to));
    }
    return sequences;
  }

  /** What a model says at each position, from the log-probs of `sequences`' targets. */
  positions(logprobs: readonly Float32Array[]): PositionLogprobs[] {
    const rows = logprobs.flatMap((values) =>
      Array.from({ length: values.length / this.K }, (_, row) => values.subarray(row * this.K, (row + 1) * this.K)),
    );
    return this.supportIds.map((ids, t) => ({
      support: { logprobs: Float64Array.from(rows[t]!.subarray(0, ids.length)), isWhole: this.isWhole },
      token: rows[t]![this.K - 1]!,
    }));
  }

  get isWhole(): boolean {
    return this.supportIds.every((ids) => ids.length >= this.vocabularySize);
  }

  private fits(context: readonly number[], from: number, to: number): boolean {
    const shape = { N: context.length + to - 1, firstRow: context.length - 1 + from, K: this.K };
    return datumBytes(shape, this.maxBytes) <= this.maxBytes;
  }

  /** Positions `from` to `to`: the sequence ends with the token that the last of them follows. */
  private sequence(
    context: readonly number[],
    weights: readonly Float64Array[] | null,
    from: number,
    to: number,
  ): TargetRows {
    const { K } = this;
    const targets = new Int32Array((to - from) * K);
    const weightRows = new Float32Array((to - from) * K);
    for (let t = from; t < to; t++) {
      const row = (t - from) * K;
      targets.set(this.supportIds[t]!, row);
      targets[row + K - 1] = this.responseTokenIds[t]!;
      if (weights !== null) weightRows.set(weights[t]!, row);
    }
    const tokenIds = [...context, ...this.responseTokenIds.slice(0, to - 1)];
    return { tokenIds, firstRow: context.length - 1 + from, K, targets, weights: weightRows };
  }
}

/** What float32 still has of numbers from 8 to 16, as logits of likely tokens and log-probs of unlikely ones are. */
const GRAIN = 2 ** -20;

/** log Σ exp(logits) of each row — (R·V) → (R) */
export function rowNormalizers(logits: Float32Array, V: number): Float64Array {
  return Float64Array.from({ length: logits.length / V }, (_, row) => {
    let top = Number.NEGATIVE_INFINITY;
    for (let v = row * V; v < (row + 1) * V; v++) top = Math.max(top, logits[v]!);
    let sum = 0;
    for (let v = row * V; v < (row + 1) * V; v++) sum += Math.exp(logits[v]! - top);
    return top + Math.log(sum);
  });
}

/**
 * A log-prob as it is told in float32, off by half a grain, which is the same for a whole row: the normalizer is rounded, so that the
 * difference is not. A client that knows a whole row takes that out again, and then has the logits' differences without loss.
 */
export function toldLogprob(logit: number, normalizer: number): number {
  return Math.fround(logit - Math.round(normalizer / GRAIN) * GRAIN);
}

/** One side's next-token distribution at one position. */
export interface Float64Distribution {
  /** (V), at the temperature */
  readonly logProbabilities: Float64Array;
  /** (V), at the temperature */
  readonly probabilities: Float64Array;
  /** (V), at temperature 1 */
  readonly unscaledProbabilities: Float64Array;
}

/**
 * Log-probs are rounded to float32 before they are divided by the temperature, as whoever tells them to others would (vLLM, a Tinker service),
 * and what that left of the normalizer is taken out — logits (V)
 */
export function float64Distribution(logits: Float32Array, temperature: number): Float64Distribution {
  const unscaled = softmax(logits);
  const scaled = new Float64Array(logits.length);
  // By index: going through a long array by its iterator takes ten times as long.
  for (let v = 0; v < logits.length; v++) {
    scaled[v] = Math.fround(logits[v]! - unscaled.logNormalizer) / temperature;
  }
  const { logNormalizer, probabilities } = softmax(scaled);
  for (let v = 0; v < scaled.length; v++) scaled[v]! -= logNormalizer;
  return { logProbabilities: scaled, probabilities, unscaledProbabilities: unscaled.probabilities };
}

interface Softmax {
  /** (V) */
  readonly probabilities: Float64Array;
  /** log Σ exp(values) */
  readonly logNormalizer: number;
}

function softmax(values: Float32Array | Float64Array): Softmax {
  let largest = Number.NEGATIVE_INFINITY;
  for (let v = 0; v < values.length; v++) largest = Math.max(largest, values[v]!);
  const probabilities = new Float64Array(values.length);
  let sum = 0;
  for (let v = 0; v < values.length; v++) {
    probabilities[v] = Math.exp(values[v]! - largest);
    sum += probabilities[v]!;
  }
  for (let v = 0; v < values.length; v++) probabilities[v]! /= sum;
  return { probabilities, logNormalizer: largest + Math.log(sum) };
}

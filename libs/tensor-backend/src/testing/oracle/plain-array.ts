/**
 * Numbers of the oracles: float64, row-major, shape kept by whoever uses them.
 * Oracles are the plainest loops that can be written; what they lack in speed they have in being obviously right.
 */
export type PlainArray = Float64Array;

/** Seeded, uniform in ±scale, and each a multiple of 2⁻⁶ with few bits, so that float32, float16 and bfloat16 all hold it exactly. */
export function seededValues(length: number, seed: number, scale = 1): PlainArray {
  let state = (seed * 2654435761) >>> 0;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (Math.round((state / 2 ** 32 - 0.5) * 128) / 64) * scale;
  });
}

/** Central differences of Σ weights·f(x): what a backward pass with dy = weights must give. */
export function finiteDifferences(f: (x: PlainArray) => PlainArray, x: PlainArray, weights: PlainArray): PlainArray {
  const h = 1e-5;
  const objective = (at: PlainArray): number => f(at).reduce((sum, value, i) => sum + value * weights[i]!, 0);
  return x.map((value, i) => {
    const [above, below] = [x.slice(), x.slice()];
    above[i] = value + h;
    below[i] = value - h;
    return (objective(above) - objective(below)) / (2 * h);
  });
}

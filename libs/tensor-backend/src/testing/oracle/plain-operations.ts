import type { PlainArray } from './plain-array.js';

/** (M, K)·(K, N) */
export function plainProduct(a: PlainArray, b: PlainArray, M: number, K: number, N: number): PlainArray {
  const result = new Float64Array(M * N);
  for (let m = 0; m < M; m++)
    for (let n = 0; n < N; n++) for (let k = 0; k < K; k++) result[m * N + n]! += a[m * K + k]! * b[k * N + n]!;
  return result;
}

/** (M, N) → (N, M) */
export function plainTranspose(a: PlainArray, M: number, N: number): PlainArray {
  return new Float64Array(M * N).map((_, i) => a[(i % M) * N + Math.floor(i / M)]!);
}

/** x (N, C), weight (C) */
export function plainRmsNorm(x: PlainArray, weight: PlainArray, epsilon: number): PlainArray {
  const C = weight.length;
  return x.map((value, i) => {
    const row = x.subarray(i - (i % C), i - (i % C) + C);
    const meanSquare = row.reduce((sum, one) => sum + one * one, 0) / C;
    return (value / Math.sqrt(meanSquare + epsilon)) * weight[i % C]!;
  });
}

/** x (H, T, D); cos, sin (T, D) */
export function plainRotate(x: PlainArray, cos: PlainArray, sin: PlainArray, D: number): PlainArray {
  return x.map((value, i) => {
    const d = i % D;
    const at = i % cos.length;
    const partner = d < D / 2 ? -x[i + D / 2]! : x[i - D / 2]!;
    return value * cos[at]! + partner * sin[at]!;
  });
}

export function plainSwiglu(gate: PlainArray, up: PlainArray): PlainArray {
  return gate.map((g, i) => (g / (1 + Math.exp(-g))) * up[i]!);
}

/** x (N, V) */
export function plainLogSoftmax(x: PlainArray, V: number): PlainArray {
  return x.map((value, i) => {
    const row = x.subarray(i - (i % V), i - (i % V) + V);
    const largest = row.reduce((a, b) => Math.max(a, b));
    return value - largest - Math.log(row.reduce((sum, one) => sum + Math.exp(one - largest), 0));
  });
}

export interface AttentionSizes {
  readonly H: number;
  readonly G: number;
  readonly T: number;
  readonly S: number;
  readonly D: number;
  readonly offset: number;
}

/** q (H, T, D), k and v (G, S, D): one query of one head at a time. */
export function plainAttention(q: PlainArray, k: PlainArray, v: PlainArray, sizes: AttentionSizes): PlainArray {
  const { H, G, T, S, D, offset } = sizes;
  const output = new Float64Array(H * T * D);
  for (let h = 0; h < H; h++) {
    const g = Math.floor((h * G) / H);
    for (let t = 0; t < T; t++) {
      const scores = Float64Array.from({ length: offset + t + 1 }, (_, s) => {
        let dot = 0;
        for (let d = 0; d < D; d++) dot += q[(h * T + t) * D + d]! * k[(g * S + s) * D + d]!;
        return dot / Math.sqrt(D);
      });
      const logProbabilities = plainLogSoftmax(scores, scores.length);
      logProbabilities.forEach((logProbability, s) => {
        const probability = Math.exp(logProbability);
        for (let d = 0; d < D; d++) output[(h * T + t) * D + d]! += probability * v[(g * S + s) * D + d]!;
      });
    }
  }
  return output;
}

/** exp(20) is beyond any sensible cut and far from overflow. */
const LARGEST_LOG_RATIO = 20;

export interface ImportanceRatios {
  /** Cut above at `isClip`; what weighs the divergence. */
  readonly ratio: Float32Array;
  /** 1 where the ratio before the cut was at least `isClip`. */
  readonly isClipped: Uint8Array;
}

/** ρ = exp(log S(y) − old), limited to exp(±20) and cut at `isClip`; 1 everywhere without log-probs of sampling time. No gradient. */
export function importanceRatios(
  studentLogprobs: Float32Array,
  oldLogprobs: ArrayLike<number> | null,
  isClip: number,
): ImportanceRatios {
  const R = studentLogprobs.length;
  const ratio = new Float32Array(R).fill(1);
  const isClipped = new Uint8Array(R);
  if (oldLogprobs === null) return { ratio, isClipped };
  for (let row = 0; row < R; row++) {
    const unclipped = Math.exp(limit(studentLogprobs[row]! - oldLogprobs[row]!));
    ratio[row] = Math.min(unclipped, isClip);
    isClipped[row] = unclipped >= isClip ? 1 : 0;
  }
  return { ratio, isClipped };
}

/** Schulman's k3 estimate of KL(S‖B) from one sampled token: exp(d) − 1 − d with d = log B(y) − log S(y), limited to ±20. */
export function k3Estimate(studentLogprob: number, baseLogprob: number): number {
  const d = limit(baseLogprob - studentLogprob);
  return Math.expm1(d) - d;
}

/** NaN stays NaN. */
function limit(logRatio: number): number {
  return Math.min(Math.max(logRatio, -LARGEST_LOG_RATIO), LARGEST_LOG_RATIO);
}

/** exp(20) is beyond any sensible cut and far from overflow. */
const LARGEST_LOG_RATIO = 20;

export interface ImportanceRatio {
  /** Cut above at `isClip`; what weighs the divergence. */
  readonly ratio: number;
  /** Did the ratio before the cut reach `isClip`? */
  readonly isClipped: boolean;
}

export interface ImportanceRatios {
  readonly ratio: Float32Array;
  /** 1 where it was cut. */
  readonly isClipped: Uint8Array;
}

/** ρ = exp(log S(y) − old), limited to exp(±20) and cut at `isClip`; 1 without the log-prob of sampling time. No gradient. */
export function importanceRatio(studentLogprob: number, oldLogprob: number | null, isClip: number): ImportanceRatio {
  if (oldLogprob === null) return { ratio: 1, isClipped: false };
  const unclipped = Math.exp(limit(studentLogprob - oldLogprob));
  return { ratio: Math.min(unclipped, isClip), isClipped: unclipped >= isClip };
}

/** The same of each row. */
export function importanceRatios(
  studentLogprobs: Float32Array,
  oldLogprobs: ArrayLike<number> | null,
  isClip: number,
): ImportanceRatios {
  const ratios = Array.from(studentLogprobs, (logprob, row) =>
    importanceRatio(logprob, oldLogprobs?.[row] ?? null, isClip),
  );
  return {
    ratio: Float32Array.from(ratios, ({ ratio }) => ratio),
    isClipped: Uint8Array.from(ratios, ({ isClipped }) => (isClipped ? 1 : 0)),
  };
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

/** How far the log-probs of one response may differ between two programs that run the same weights, in nats. */
export interface VerificationTolerance {
  /** Mean absolute difference over the response's tokens. */
  readonly meanNats: number;
  /** Largest absolute difference of one token: unlikely tokens differ most. */
  readonly maxNats: number;
}

/**
 * For a server that computes in bfloat16 (8 bits of mantissa: 0.4 % of each activation), as GPUs do.
 * Differences this large say nothing of a small step; that the new version answers is shown by the comparison with the
 * previous version on the same server, where rounding is the same.
 */
export const BFLOAT16_TOLERANCE: VerificationTolerance = { meanNats: 0.05, maxNats: 0.5 };

/** For a server that computes in float32 (`--dtype float32`): only the order of sums differs. */
export const FLOAT32_TOLERANCE: VerificationTolerance = { meanNats: 1e-3, maxNats: 5e-3 };

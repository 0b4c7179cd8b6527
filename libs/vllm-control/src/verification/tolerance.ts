/** How far the log-probs of one response may differ between two programs that run the same weights, in nats. */
export interface VerificationTolerance {
  /** Mean absolute difference over the response's tokens. */
  readonly meanNats: number;
  /** Largest absolute difference of one token: unlikely tokens differ most. */
  readonly maxNats: number;
  /** From this mean difference on between two versions at the trainer, the server's must differ in the same direction. */
  readonly distinguishableNats: number;
}

/**
 * For a server that computes in bfloat16 (8 bits of mantissa: 0.4 % of each activation), as GPUs do. Measured with vLLM
 * 0.32.0 in bfloat16 and clay-tiny, twelve tokens of ten versions: mean 0.007 to 0.042, largest 0.36.
 * Rounding this large hides a small step, and does so in the same way for both versions: that the new one answers is
 * shown by what it changed on the same server. From 0.03 nats on, that change had the trainer's direction (cosine over
 * 0.96); a step of 0.01 nats was smaller than the rounding.
 */
export const BFLOAT16_TOLERANCE: VerificationTolerance = { meanNats: 0.1, maxNats: 1, distinguishableNats: 0.03 };

/** For a server that computes in float32 (`--dtype float32`): only the order of sums differs, measured as at most 7e-6 nats. */
export const FLOAT32_TOLERANCE: VerificationTolerance = { meanNats: 1e-3, maxNats: 5e-3, distinguishableNats: 1e-3 };

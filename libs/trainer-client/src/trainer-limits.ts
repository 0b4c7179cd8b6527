/** Every wait of the supervisor, in milliseconds. */
export interface TrainerLimits {
  /**
   * Longest silence of a trainer that has something to do. A trainer speaks at each phase of a step, at each token and
   * at each block of weights that it reads; on silence it is killed and its requests fail with `trainer_unresponsive`.
   */
  readonly noProgressMs: number;
  /** Longest wait for a cancelled step to end before the trainer is killed. */
  readonly cancelMs: number;
  /** Longest wait for the trainer to end by itself when it is stopped. */
  readonly stopMs: number;
  /** Wait for `status` in `health` before the last known one is given. */
  readonly statusMs: number;
  /** First wait after a second failed start in a row; it doubles up to `maxBackoffMs`. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** Ends the trainer after so long without a request, which gives its memory back; null keeps it. */
  readonly idleMs: number | null;
}

export const DEFAULT_TRAINER_LIMITS: TrainerLimits = {
  noProgressMs: 300_000,
  cancelMs: 30_000,
  stopMs: 10_000,
  statusMs: 500,
  backoffMs: 1_000,
  maxBackoffMs: 30_000,
  idleMs: null,
};

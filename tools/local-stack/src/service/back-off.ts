export interface BackOffLimits {
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

/** The pause before the next start: doubled with each failure in a row, from the first. */
export function pauseAfter(failures: number, { firstPauseMs, longestPauseMs }: BackOffLimits): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** Math.max(0, failures - 1));
}

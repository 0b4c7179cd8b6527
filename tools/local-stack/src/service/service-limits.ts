import type { StackFile } from '../settings/stack-file.js';

export interface ServiceLimits {
  readonly lookEveryMs: number;
  /** A server that was up may be silent for so long before it counts as hung. */
  readonly unresponsiveMs: number;
  readonly stopMs: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** After so long without trouble the pauses begin small again. */
  readonly settledMs: number;
  /** Failures in a row after which the stack gives up. */
  readonly failures: number;
}

export function serviceLimits(limits: StackFile['limits']): ServiceLimits {
  return {
    lookEveryMs: limits.look_every_s * 1000,
    unresponsiveMs: limits.unresponsive_s * 1000,
    stopMs: limits.stop_s * 1000,
    firstPauseMs: limits.first_pause_s * 1000,
    longestPauseMs: limits.longest_pause_s * 1000,
    settledMs: limits.settled_s * 1000,
    failures: limits.failures,
  };
}

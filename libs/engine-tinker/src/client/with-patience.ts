import { setTimeout as delay } from 'node:timers/promises';
import pRetry from 'p-retry';
import { TinkerRefusalError, TinkerUnreachableError } from './tinker-errors.js';
import { cancelled } from './tinker-http.js';
import type { TinkerTimeouts } from './tinker-settings.js';

/** Gone by themselves: too busy, too early, out of order, a broken proxy. */
const PASSING = new Set([408, 409, 425, 429, 500, 502, 503, 504]);
const BILLING_PAUSED = 402;

/**
 * Asks again for as long as the service is unreachable, overloaded or paused, with growing pauses that chance spreads.
 * For requests that the service knows again when they come twice. The last error is thrown.
 */
export async function withPatience<T>(
  ask: () => Promise<T>,
  timeouts: TinkerTimeouts,
  signal?: AbortSignal,
): Promise<T> {
  try {
    return await pRetry(ask, {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: timeouts.firstPauseMs,
      maxTimeout: timeouts.longestPauseMs,
      maxRetryTime: timeouts.patienceMs,
      randomize: true,
      ...(signal && { signal }),
      shouldRetry: ({ error }) => mayPass(error),
      onFailedAttempt: async ({ error }) => {
        const pause = pauseMs(error, timeouts);
        if (pause > 0) await delay(pause, undefined, signal && { signal });
      },
    });
  } catch (error) {
    if (signal?.aborted === true) throw cancelled(error);
    throw error;
  }
}

function mayPass(error: unknown): boolean {
  if (error instanceof TinkerUnreachableError) return true;
  return error instanceof TinkerRefusalError && (PASSING.has(error.status) || error.status === BILLING_PAUSED);
}

/** What the service asks for beyond the usual pause. */
function pauseMs(error: unknown, { slowPauseMs, patienceMs }: TinkerTimeouts): number {
  if (!(error instanceof TinkerRefusalError)) return 0;
  if (error.status === BILLING_PAUSED) return slowPauseMs;
  return Math.min(error.retryAfterMs ?? 0, patienceMs);
}

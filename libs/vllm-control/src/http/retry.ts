import { setTimeout as delay } from 'node:timers/promises';

export interface RetryOptions {
  readonly attempts: number;
  /** Before the second attempt; doubles each time. Half of each pause is drawn by chance, so that clients don't return in step. */
  readonly pauseMs: number;
  readonly mayRetry: (error: unknown) => boolean;
  readonly signal?: AbortSignal;
}

/** Asks up to `attempts` times; the last error is thrown. For what may be asked twice only. */
export async function retry<T>(ask: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { attempts, pauseMs, mayRetry, signal } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (attempt >= attempts || signal?.aborted === true || !mayRetry(error)) throw error;
      const pause = pauseMs * 2 ** (attempt - 1);
      await delay(pause / 2 + (Math.random() * pause) / 2, undefined, signal && { signal });
    }
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import { VllmRefusalError, VllmUnreachableError } from '../http/vllm-errors.js';

const PAUSE_MS = 100;
const MAX_PAUSE_MS = 2_000;
/** For answers that broke off, or a model that the server didn't know: what helps, helps at once. */
const REPEATS = 2;

/** Has the server lost the adapter, as after a restart? */
export function isForgotten(error: unknown, modelName: string): boolean {
  return error instanceof VllmRefusalError && error.status === 404 && error.reply.includes(modelName);
}

/**
 * Asks a question whose answer nobody has seen a part of. A server that refuses connections is being started again, and is
 * waited for; a connection that broke or a model that was forgotten is worth a second try; a time-out is not.
 */
export async function retryUnanswered<T>(
  ask: () => Promise<T>,
  mayRetry: () => boolean,
  unreachableMs: number,
  signal?: AbortSignal,
): Promise<T> {
  const deadline = Date.now() + unreachableMs;
  let repeats = 0;
  for (let pause = PAUSE_MS; ; pause = Math.min(pause * 2, MAX_PAUSE_MS)) {
    try {
      return await ask();
    } catch (error) {
      if (signal?.aborted === true || !mayRetry()) throw error;
      const isRefused = error instanceof VllmUnreachableError && error.reason === 'refused';
      const isLost = error instanceof VllmUnreachableError && error.reason === 'lost';
      const isUnknown = error instanceof VllmRefusalError && error.status === 404;
      if (isLost || isUnknown) repeats += 1;
      if (!(isRefused && Date.now() < deadline) && !((isLost || isUnknown) && repeats <= REPEATS)) throw error;
      await delay(pause * (0.5 + Math.random() / 2), undefined, signal && { signal }).catch(() => {
        throw error;
      });
    }
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import { grpcStatusOf } from './grpc-status.js';

const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 100;
/** Cancelled, unknown, deadline, internal, unavailable. */
const PASSING_CODES = [1, 2, 4, 13, 14];

/** A call that hangs where its own limit doesn't reach, as while the SDK asks for a token. */
export class CallLimitError extends Error {}

/**
 * Makes a call, with a limit, up to three times. The SDK repeats what is refused for a moment, but only within the limit, no
 * stream, and nothing that hangs.
 */
export async function retryCall<T>(
  what: string,
  limitMs: number,
  call: (options: { readonly timeoutMs: number }) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await withLimit(what, 2 * limitMs, call({ timeoutMs: limitMs }));
    } catch (error) {
      const isPassing = error instanceof CallLimitError || PASSING_CODES.includes(grpcStatusOf(error) ?? 0);
      if (attempt === ATTEMPTS || !isPassing) throw error;
      await delay(FIRST_PAUSE_MS * 2 ** attempt);
    }
  }
}

async function withLimit<T>(what: string, limitMs: number, call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new CallLimitError(`${what} was not answered within ${limitMs / 1000} s`));
    }, limitMs);
  });
  try {
    return await Promise.race([call, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}

/** The SDK makes up to four attempts; a call that takes longer than these together hangs outside of them, as while it asks for a token. */
const ATTEMPTS = 5;

export class CallLimitError extends Error {}

/** Ends the wait for `call`, which is given the limit of one attempt, when all its attempts together take too long. */
export async function withLimit<T>(what: string, limitMs: number, call: (timeoutMs: number) => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new CallLimitError(`${what} was not answered within ${(ATTEMPTS * limitMs) / 1000} s`));
    }, ATTEMPTS * limitMs);
  });
  try {
    return await Promise.race([call(limitMs), tooLong]);
  } finally {
    clearTimeout(timer);
  }
}

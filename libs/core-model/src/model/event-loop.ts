import { ComputationCancelledError } from './computation-errors.js';

/**
 * Lets the rest of the process run between two pieces of tensor work.
 * @throws ComputationCancelledError when `signal` is aborted
 */
export async function yieldToEventLoop(signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  if (signal?.aborted) throw new ComputationCancelledError(signal);
}

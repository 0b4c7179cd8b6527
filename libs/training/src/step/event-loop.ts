import { ClaasError } from '@claas/contracts';

/** Lets the rest of the process run between two pieces of tensor work. @throws ClaasError `cancelled` when `signal` is aborted */
export async function yieldToEventLoop(signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  throwIfCancelled(signal);
}

/** @throws ClaasError `cancelled` when `signal` is aborted */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new ClaasError(
    'cancelled',
    'The step was cancelled. Nothing was saved; send the feedback again to learn from it.',
    {},
    { cause: signal.reason },
  );
}

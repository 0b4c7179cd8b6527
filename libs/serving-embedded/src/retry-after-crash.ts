import { ClaasError } from '@claas/contracts';

/** Runs `ask` once more when the trainer died or hung under it, if `mayRetry` then still holds. */
export async function retryAfterCrash<T>(ask: () => Promise<T>, mayRetry: () => boolean): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const { code } = ClaasError.from(error);
    const isLost = code === 'trainer_crashed' || code === 'trainer_unresponsive';
    if (!isLost || !mayRetry()) throw error;
    return ask();
  }
}

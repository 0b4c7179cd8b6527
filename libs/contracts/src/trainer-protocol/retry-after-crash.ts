import { ClaasError } from '../errors/claas-error.js';

/**
 * Runs `ask` once more when the trainer died or hung under it, if `mayRetry` then still holds.
 * For questions only: what writes files must not be asked twice.
 */
export async function retryAfterCrash<T>(ask: () => Promise<T>, mayRetry: () => boolean = () => true): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    const { code } = ClaasError.from(error);
    const isLost = code === 'trainer_crashed' || code === 'trainer_unresponsive';
    if (!isLost || !mayRetry()) throw error;
    return ask();
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import { BlockError } from './block-error.js';

const MAX_ROUNDS_WITHOUT_PROGRESS = 5;
const FIRST_PAUSE_MS = 100;

/**
 * Repeats `round` until it returns true. A round that ends in a BlockError is begun again after a pause, with new URLs for what is
 * missing; it gives up after {@link MAX_ROUNDS_WITHOUT_PROGRESS} rounds in a row in which `done` did not grow.
 */
export async function retryRounds(round: () => Promise<boolean>, done: () => number): Promise<void> {
  let withoutProgress = 0;
  for (;;) {
    const before = done();
    let failure: BlockError | null = null;
    try {
      if (await round()) return;
    } catch (error) {
      if (!(error instanceof BlockError)) throw error;
      failure = error;
    }
    if (done() > before) {
      withoutProgress = 0;
    } else {
      withoutProgress += 1;
      if (withoutProgress === MAX_ROUNDS_WITHOUT_PROGRESS) {
        throw failure ?? new BlockError(null, 'Modal asks again and again for blocks that were uploaded');
      }
    }
    if (failure !== null) await delay(FIRST_PAUSE_MS * 2 ** withoutProgress);
  }
}

import type { AdapterId } from '@claas/contracts';
import { KeyedMutex } from '../replicas/keyed-mutex.js';

/** A trainer that is busy with a step prepares feedbacks only afterwards; more than that is not waited for. */
const PATIENCE_MS = 1_000;

/**
 * Feedbacks on their way in. Preparing one takes as long as its input is large; those of an adapter keep their order of
 * arrival all the same.
 */
export class Arrivals {
  private readonly lanes = new KeyedMutex<AdapterId>();
  private asked: Promise<void> = Promise.resolve();

  /** Gives answers in the order in which they were asked for: two reads of a disk may end in another. */
  async inOrder<Result>(answer: Promise<Result>): Promise<Result> {
    const before = this.asked;
    const settled = answer.then(
      () => undefined,
      () => undefined,
    );
    this.asked = before.then(() => settled);
    await before;
    return answer;
  }

  run<Result>(loraId: AdapterId, accept: () => Promise<Result>): Promise<Result> {
    return this.lanes.run(loraId, accept);
  }

  /** What is on its way now for this adapter is accepted, or refused, or takes too long. */
  async settled(loraId: AdapterId): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS);
    });
    await Promise.race([this.lanes.run(loraId, () => Promise.resolve()), patience]);
    clearTimeout(timer);
  }
}

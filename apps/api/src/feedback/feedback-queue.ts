import { isDeepStrictEqual } from 'node:util';
import { Logger } from '@nestjs/common';
import type { AdapterId, ServingControl } from '@claas/contracts';
import type { Lease } from '../replicas/lease.js';
import type { SharedServing } from '../replicas/shared-serving.js';
import type { Arrivals } from './arrivals.js';
import type { FeedbackRepository } from './feedback-repository.js';
import { FeedbackTurn } from './feedback-turn.js';
import type { Feedback } from './feedback.js';

/** Feedbacks of one adapter that share a sleep of the server; the others' turn comes after so many. */
const FEEDBACKS_OF_A_TURN = 16;

/** What there is to do, for whoever has the accelerator. */
export class FeedbackQueue {
  private readonly logger = new Logger(FeedbackQueue.name);

  constructor(
    private readonly repository: FeedbackRepository,
    private readonly serving: ServingControl,
    private readonly shared: SharedServing,
    private readonly arrivals: Arrivals,
    private readonly feedbacksOfATurn = FEEDBACKS_OF_A_TURN,
  ) {}

  /** Feedbacks to bring to their end, of other adapters than these, or a server to wake. */
  async hasWork(excluded: readonly AdapterId[] = []): Promise<boolean> {
    return (await this.repository.hasUnfinished(excluded)) || (await this.shared.state()).power === 'step';
  }

  /** The next turn; null when there is nothing to do. */
  async take(lease: Lease, excluded: readonly AdapterId[]): Promise<FeedbackTurn | null> {
    const loraId = await this.repository.takeTurn(lease, excluded);
    if (loraId === null) return null;
    const unfinished = await this.repository.unfinished(loraId, this.feedbacksOfATurn);
    const [first] = unfinished;
    if (first === undefined) return null;
    // Where nobody sleeps, there is nothing to share: each client is told as soon as its feedback is learned.
    const isShared = this.serving.capabilities.releasesAccelerator && first.request.orchestration.sleepBefore;
    const together = isShared ? alike(unfinished, first) : [first];
    // A crash left their versions: they are served together, each before those that build on it.
    const left = unfinished.filter((feedback) => !together.includes(feedback) && isCommitted(feedback));
    if (!isShared || left.length > 0)
      return new FeedbackTurn(loraId, [...together, ...left], () => Promise.resolve([]));
    return new FeedbackTurn(loraId, together, async (taken) => {
      if (taken.length >= this.feedbacksOfATurn) return [];
      await this.arrivals.settled(loraId);
      return alike(await this.repository.unfinished(loraId, this.feedbacksOfATurn), first).slice(taken.length);
    });
  }

  /** A process that died in a step may have left the server asleep. @throws LeaseLostError */
  async wakeAbandonedServer(lease: Lease): Promise<void> {
    const { power, sleepLevel } = await this.shared.state();
    if (power !== 'step') return;
    this.logger.warn('The server was left asleep by a step that was not finished: it is woken.');
    await lease.assertHeld();
    await this.shared.takeOver(lease);
    try {
      // Says again what the other process knew: weights that were thrown away must be read again.
      if (sleepLevel === 2) await this.serving.release({ level: 2 });
      await this.serving.restore();
    } catch (error) {
      // The feedbacks that wait are tried all the same: their clients are told what is wrong.
      this.logger.error(`The server could not be woken: ${String(error)}`);
      return;
    }
    await this.shared.resumeRequests(lease);
  }
}

function isCommitted({ state }: Feedback): boolean {
  return state === 'committed' || state === 'published';
}

/** Those at the beginning of `feedbacks` that want the server treated as `first` does. */
function alike(feedbacks: readonly Feedback[], first: Feedback): readonly Feedback[] {
  const { orchestration } = first.request;
  const end = feedbacks.findIndex(({ request }) => !isDeepStrictEqual(request.orchestration, orchestration));
  return end === -1 ? feedbacks : feedbacks.slice(0, end);
}

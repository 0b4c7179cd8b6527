import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { AdapterId } from '@claas/contracts';
import type { FeedbackRepository } from './feedback-repository.js';
import type { FeedbackTransaction } from './feedback-transaction.js';
import type { Feedback } from './feedback.js';
import { KeyedMutex } from './keyed-mutex.js';

const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 30_000;

/** Works on accepted feedbacks: those of one adapter strictly in order of arrival, those of others beside them. */
export class FeedbackProcessor {
  private readonly logger = new Logger(FeedbackProcessor.name);
  private readonly lanes = new KeyedMutex<AdapterId>();
  private readonly running = new Set<Promise<void>>();
  private readonly stopping = new AbortController();

  constructor(
    private readonly repository: FeedbackRepository,
    private readonly transaction: FeedbackTransaction,
  ) {}

  /** Takes up what an earlier process left unfinished. To be called once, before new feedbacks are accepted. */
  async start(): Promise<void> {
    const unfinished = await this.repository.unfinished();
    if (unfinished.length > 0) this.logger.log(`Continuing with ${unfinished.length} unfinished feedbacks.`);
    for (const feedback of unfinished) this.enqueue(feedback);
  }

  /** Feedbacks of one adapter are worked on in the order of these calls. */
  enqueue({ requestId, loraId }: Feedback): void {
    const work = this.lanes.run(loraId, () => this.process(requestId));
    this.running.add(work);
    void work.finally(() => this.running.delete(work));
  }

  /** Cancels running steps, which stay unfinished for the next start, and waits until nothing runs. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.idle();
  }

  /** Fulfilled when nothing that was accepted up to now remains to be done. */
  async idle(): Promise<void> {
    await Promise.all(this.running);
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  /** Never throws: what can't go on now (a database that is away) is tried again, with growing pauses. */
  private async process(requestId: string): Promise<void> {
    const { signal } = this.stopping;
    for (let pauseMs = FIRST_RETRY_MS; !this.isStopping(); pauseMs = Math.min(2 * pauseMs, LAST_RETRY_MS)) {
      try {
        await this.transaction.advance(requestId, signal);
        return;
      } catch (error) {
        if (this.isStopping()) return;
        const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.logger.error(`Feedback ${requestId} can't go on now and is tried again in ${pauseMs} ms: ${reason}`);
        await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { AdapterId } from '@claas/contracts';
import type { AcceleratorLease } from '../replicas/accelerator-lease.js';
import type { Lease } from '../replicas/lease.js';
import type { FeedbackQueue } from './feedback-queue.js';
import type { FeedbackTransaction } from './feedback-transaction.js';

/** Looks for work though nobody has told of any: a notice that got lost costs so long. */
const POLL_MS = 1_000;
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 30_000;

/**
 * Works on accepted feedbacks, in turns: whoever has the accelerator takes those of one adapter through one sleep of the
 * server, and gives it up again. Every process does this; the lease lets one of them work at a time.
 */
export class FeedbackProcessor {
  private readonly logger = new Logger(FeedbackProcessor.name);
  private readonly stopping = new AbortController();
  /** Adapters whose feedbacks can't go on now. */
  private readonly resting = new Map<AdapterId, { readonly pauseMs: number; readonly until: number }>();
  private working: Promise<void> = Promise.resolve();
  private hasAccelerator = false;
  private look = (): void => undefined;

  constructor(
    private readonly queue: FeedbackQueue,
    private readonly lease: AcceleratorLease,
    private readonly transaction: FeedbackTransaction,
  ) {}

  /** Takes up what an earlier process left unfinished, and whatever is accepted from now on. */
  start(): void {
    this.working = this.work();
  }

  /** Does this process work on feedbacks now? */
  get isWorking(): boolean {
    return this.hasAccelerator;
  }

  /** There may be something to do. */
  notice(): void {
    this.look();
  }

  /** Cancels a running step, which stays unfinished for whoever continues, and waits until nothing runs. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.look();
    await this.working;
  }

  /** Fulfilled when nothing that was accepted up to now remains to be done. */
  async idle(): Promise<void> {
    while (!this.isStopping() && (this.hasAccelerator || (await this.queue.hasWork()))) await delay(5);
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  /** Never throws: what can't go on now (a database that is away) is tried again, with growing pauses. */
  private async work(): Promise<void> {
    let pauseMs = FIRST_RETRY_MS;
    while (!this.isStopping()) {
      const looked = new Promise<void>((resolve) => (this.look = resolve));
      try {
        const hasWorked = await this.turn();
        pauseMs = FIRST_RETRY_MS;
        if (!hasWorked) await Promise.race([looked, this.pause(POLL_MS)]);
      } catch (error) {
        if (this.isStopping()) return;
        this.logger.error(
          `The queue can't be worked on now, and is looked at again in ${pauseMs} ms: ${reasonOf(error)}`,
        );
        await this.pause(pauseMs);
        pauseMs = Math.min(2 * pauseMs, LAST_RETRY_MS);
      }
    }
  }

  /** False when there was nothing to do. */
  private async turn(): Promise<boolean> {
    if (!(await this.queue.hasWork(this.resters()))) return false;
    return this.lease.run(async (lease) => {
      this.hasAccelerator = true;
      try {
        return await this.turnWith(lease);
      } finally {
        this.hasAccelerator = false;
      }
    }, this.stopping.signal);
  }

  private async turnWith(lease: Lease): Promise<boolean> {
    await this.queue.wakeAbandonedServer(lease);
    const turn = await this.queue.take(lease, this.resters());
    if (turn === null) return false;
    const { signal } = this.stopping;
    try {
      await this.transaction.advance(turn, lease, AbortSignal.any([signal, lease.lost]));
      this.resting.delete(turn.loraId);
    } catch (error) {
      if (!this.isStopping()) this.rest(turn.loraId, error);
    }
    return true;
  }

  private resters(): AdapterId[] {
    const now = Date.now();
    return [...this.resting].filter(([, { until }]) => until > now).map(([loraId]) => loraId);
  }

  private rest(loraId: AdapterId, error: unknown): void {
    const before = this.resting.get(loraId)?.pauseMs ?? FIRST_RETRY_MS / 2;
    const pauseMs = Math.min(2 * before, LAST_RETRY_MS);
    this.resting.set(loraId, { pauseMs, until: Date.now() + pauseMs });
    this.logger.error(`LoRA ${loraId} has its next turn in ${pauseMs} ms: ${reasonOf(error)}`);
    setTimeout(() => {
      this.look();
    }, pauseMs).unref();
  }

  private async pause(milliseconds: number): Promise<void> {
    await delay(milliseconds, undefined, { signal: this.stopping.signal, ref: false }).catch(() => undefined);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

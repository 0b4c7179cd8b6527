import type { ClaasError } from '@claas/contracts';
import type { Lease } from '../replicas/lease.js';
import type { FeedbackHub } from './feedback-hub.js';
import type { FeedbackLog } from './feedback-log.js';
import type { FeedbackRepository } from './feedback-repository.js';
import type { ServingOutcome } from './feedback-outcome.js';
import type { Feedback, FeedbackChange } from './feedback.js';
import { PhaseClock } from './phase-clock.js';
import type { FeedbackPhase } from './phase-timings.js';
import { TransactionInterruptedError } from './transaction-interrupted-error.js';

export interface FeedbackRecorder {
  readonly repository: FeedbackRepository;
  readonly hub: FeedbackHub;
  readonly log: FeedbackLog;
}

/** Why a step gave nothing. */
export interface StepFailure {
  readonly phase: FeedbackPhase;
  readonly cause: unknown;
}

/** One feedback on its way through the transaction: its record, kept durable at each arrow, and its clock. */
export class FeedbackRun {
  readonly clock: PhaseClock;
  /** Set when its step has failed: told to its client once it is clear how the adapter ends up. */
  failure: StepFailure | null = null;
  /** Why its step is tried again in a later turn; null when it isn't. */
  postponement: ClaasError | null = null;

  constructor(
    private latest: Feedback,
    private readonly recorder: FeedbackRecorder,
    private readonly lease: Lease,
  ) {
    this.clock = new PhaseClock(latest.timings, latest.createdAt);
  }

  get feedback(): Feedback {
    return this.latest;
  }

  get isFinished(): boolean {
    return this.latest.finishedAt !== null;
  }

  /** A version exists that learned from this feedback, and remains to be served. */
  get isCommitted(): boolean {
    return !this.isFinished && (this.latest.state === 'committed' || this.latest.state === 'published');
  }

  /** Its step has still to be run. */
  get isWaiting(): boolean {
    return !this.isFinished && !this.isCommitted && this.failure === null && this.postponement === null;
  }

  /** To be asked before anything that others see and that no change of the record precedes. @throws TransactionInterruptedError */
  async assertLease(): Promise<void> {
    try {
      await this.lease.assertHeld();
    } catch (error) {
      throw new TransactionInterruptedError(this.latest.loraId, error);
    }
  }

  /** Refused when another process has taken the accelerator. @throws TransactionInterruptedError */
  async change(change: FeedbackChange): Promise<void> {
    const { repository, hub } = this.recorder;
    const { requestId, loraId } = this.latest;
    try {
      this.latest = await repository.update(requestId, { ...change, timings: this.clock.milliseconds }, this.lease);
    } catch (error) {
      throw new TransactionInterruptedError(loraId, error);
    }
    hub.announceChange(this.latest);
  }

  async changeServing(change: Partial<ServingOutcome>): Promise<void> {
    await this.change({ serving: { ...this.latest.serving, ...change } });
  }

  /** The last change: nothing remains to be done. Writes the log file first, so that the record can name it. */
  async finish(change: FeedbackChange): Promise<void> {
    const finishedAt = new Date();
    const logPath = await this.recorder.log.write({
      ...this.latest,
      ...change,
      finishedAt,
      timings: this.clock.milliseconds,
    });
    await this.change({ ...change, finishedAt, logPath });
  }
}

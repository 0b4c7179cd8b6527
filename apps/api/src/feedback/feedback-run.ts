import type { FeedbackHub } from './feedback-hub.js';
import type { FeedbackLog } from './feedback-log.js';
import type { FeedbackRepository } from './feedback-repository.js';
import type { ServingOutcome } from './feedback-outcome.js';
import type { Feedback, FeedbackChange } from './feedback.js';
import { PhaseClock } from './phase-clock.js';
import { RecordNotWrittenError } from './record-not-written-error.js';

export interface FeedbackRecorder {
  readonly repository: FeedbackRepository;
  readonly hub: FeedbackHub;
  readonly log: FeedbackLog;
}

/** One feedback on its way through the transaction: its record, kept durable at each arrow, and its clock. */
export class FeedbackRun {
  readonly clock: PhaseClock;

  constructor(
    private latest: Feedback,
    private readonly recorder: FeedbackRecorder,
  ) {
    this.clock = new PhaseClock(latest.timings, latest.createdAt);
  }

  get feedback(): Feedback {
    return this.latest;
  }

  get isFinished(): boolean {
    return this.latest.finishedAt !== null;
  }

  /** A version exists that learned from this feedback. */
  get isCommitted(): boolean {
    return this.latest.state === 'committed' || this.latest.state === 'published';
  }

  /** @throws RecordNotWrittenError */
  async change(change: FeedbackChange): Promise<void> {
    const { repository, hub } = this.recorder;
    try {
      this.latest = await repository.update(this.latest.requestId, { ...change, timings: this.clock.milliseconds });
    } catch (error) {
      throw new RecordNotWrittenError(this.latest.requestId, error);
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

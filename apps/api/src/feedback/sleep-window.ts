import { ClaasError, type AdapterId, type ServingControl } from '@claas/contracts';
import type { Lease } from '../replicas/lease.js';
import type { SharedServing } from '../replicas/shared-serving.js';
import type { FeedbackRun } from './feedback-run.js';
import { ServerSilentError } from './server-silent-error.js';
import { TransactionInterruptedError } from './transaction-interrupted-error.js';
import { withDeadline } from './with-deadline.js';

export interface SleepingServer {
  readonly serving: ServingControl;
  readonly shared: SharedServing;
  readonly drainTimeoutMs: number;
  readonly servingTimeoutMs: number;
}

/**
 * The time in which the server has given the accelerator up. It begins with the first step that wants it, and is shared by
 * the steps after it: however many feedbacks wait, there is one sleep and one wake.
 */
export class SleepWindow {
  private isAsleep = false;
  /** It has been told to sleep, with whatever success. */
  private mustWake = false;
  private level: 1 | 2 = 1;

  constructor(
    private readonly loraId: AdapterId,
    private readonly server: SleepingServer,
    private readonly lease: Lease,
  ) {}

  /** @throws ClaasError `serving_not_idle`, `serving_failed` */
  async begin(run: FeedbackRun): Promise<void> {
    const { serving } = this.server;
    const { sleepBefore, sleepLevel } = run.feedback.request.orchestration;
    if (!serving.capabilities.releasesAccelerator || !sleepBefore) return;
    if (!this.mustWake) await run.clock.measure('drain', () => this.drain(sleepLevel));
    // Said first: a call that fails half-way may still have put the server to sleep.
    this.mustWake = true;
    await run.changeServing({ slept: true, woke: false });
    if (!this.isAsleep) await run.clock.measure('sleep', () => serving.release({ level: this.level }));
    this.isAsleep = true;
  }

  /** Wakes the server, for all of `runs`. Nothing where it doesn't sleep. */
  async end(runs: readonly FeedbackRun[]): Promise<void> {
    const slept = runs.filter(({ feedback }) => feedback.serving.slept && !feedback.serving.woke);
    if (!this.mustWake && slept.length === 0) return;
    await this.agree(() => this.lease.assertHeld());
    const { serving, shared, servingTimeoutMs } = this.server;
    const waking = withDeadline(
      serving.restore(),
      servingTimeoutMs,
      () => new ServerSilentError('be restored', servingTimeoutMs),
    );
    await Promise.all([waking, ...slept.map((run) => run.clock.measure('wake', () => waking))]);
    await this.agree(() => shared.resumeRequests(this.lease));
    this.mustWake = false;
    this.isAsleep = false;
    for (const run of slept) if (!run.isFinished) await run.changeServing({ woke: true });
  }

  /** The steps are given up: whatever can still be done here for a server that sleeps. */
  async abandon(): Promise<void> {
    await this.end([]).catch(() => undefined);
  }

  /** The client of these feedbacks wants the server to stay as it is. */
  async leaveAsleep(): Promise<void> {
    if (this.mustWake) await this.agree(() => this.server.shared.keepAsleep(this.level, this.lease));
  }

  private async drain(sleepLevel: 1 | 2): Promise<void> {
    const { serving, shared, drainTimeoutMs } = this.server;
    await this.agree(() => this.lease.assertHeld());
    // A server that was left asleep without its weights needs them when it is woken.
    const kept = await this.agree(() => shared.state());
    this.level = kept.sleepLevel === 2 ? 2 : sleepLevel;
    try {
      const isHeld = await this.agree(() => shared.holdRequests(this.lease, this.level, drainTimeoutMs));
      if (!isHeld) throw othersNotIdle(drainTimeoutMs);
      await serving.drain({ timeoutMs: drainTimeoutMs });
    } catch (error) {
      if (!(error instanceof TransactionInterruptedError)) await this.agree(() => shared.resumeRequests(this.lease));
      throw error;
    }
  }

  /** What the database does not take is not the feedback's failure. */
  private async agree<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw new TransactionInterruptedError(this.loraId, error);
    }
  }
}

function othersNotIdle(timeoutMs: number): ClaasError {
  return new ClaasError(
    'serving_not_idle',
    `Another process of the service still answered requests after ${timeoutMs / 1000} s. Send the feedback again later, or raise FEEDBACK_DRAIN_TIMEOUT_S.`,
  );
}

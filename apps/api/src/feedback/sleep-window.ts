import type { AdapterId, ServingControl } from '@claas/contracts';
import { CoordinationError } from '../replicas/coordination-error.js';
import type { Lease } from '../replicas/lease.js';
import { ServerSleep, type SleepingServer } from '../replicas/server-sleep.js';
import type { FeedbackRun } from './feedback-run.js';
import { ServerSilentError } from './server-silent-error.js';
import { TransactionInterruptedError } from './transaction-interrupted-error.js';
import { withDeadline } from './with-deadline.js';

/**
 * The time in which the server has given the accelerator up. It begins with the first step that wants it, and is shared by
 * the steps after it: however many feedbacks wait, there is one sleep and one wake.
 */
export class SleepWindow {
  private readonly serving: ServingControl;
  private readonly sleep: ServerSleep;

  constructor(
    private readonly loraId: AdapterId,
    server: SleepingServer,
    lease: Lease,
    private readonly servingTimeoutMs: number,
  ) {
    this.serving = server.serving;
    this.sleep = new ServerSleep(server, lease);
  }

  /** @throws ClaasError `serving_not_idle`, `serving_failed` */
  async begin(run: FeedbackRun): Promise<void> {
    const { sleepBefore, sleepLevel } = run.feedback.request.orchestration;
    if (!this.serving.capabilities.releasesAccelerator || !sleepBefore) return;
    await run.clock.measure('drain', () => this.agreed(() => this.sleep.drain(sleepLevel)));
    // Written first: a call that fails half-way may still have put the server to sleep.
    await run.changeServing({ slept: true, woke: false });
    await run.clock.measure('sleep', () => this.sleep.sleep());
  }

  /** Wakes the server, for all of `runs`. Nothing where it doesn't sleep. */
  async end(runs: readonly FeedbackRun[]): Promise<void> {
    const slept = runs.filter(({ feedback }) => feedback.serving.slept && !feedback.serving.woke);
    if (!this.sleep.hasBegun && slept.length === 0) return;
    const { servingTimeoutMs } = this;
    const waking = withDeadline(
      this.agreed(() => this.sleep.wake()),
      servingTimeoutMs,
      () => new ServerSilentError('be restored', servingTimeoutMs),
    );
    await Promise.all([waking, ...slept.map((run) => run.clock.measure('wake', () => waking))]);
    for (const run of slept) if (!run.isFinished) await run.changeServing({ woke: true });
  }

  /** The client of these feedbacks wants the server to stay as it is. */
  async leaveAsleep(): Promise<void> {
    await this.agreed(() => this.sleep.keepAsleep());
  }

  /** The steps are given up: whatever can still be done here for a server that sleeps. */
  async abandon(): Promise<void> {
    await this.end([]).catch(() => undefined);
  }

  /** What can't be agreed on with the other processes is not the feedback's failure. */
  private async agreed(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw error instanceof CoordinationError ? new TransactionInterruptedError(this.loraId, error) : error;
    }
  }
}

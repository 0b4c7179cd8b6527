import type { ServingControl } from '@claas/contracts';
import type { AcceleratorLease } from './accelerator-lease.js';
import type { AdapterLocks } from './adapter-locks.js';
import { FeedbackRun, type FeedbackRecorder } from './feedback-run.js';
import type { ServingStage } from './serving-stage.js';
import type { TrainingStage } from './training-stage.js';

/**
 * Brings one accepted feedback to its end, from whatever its record says:
 * `queued` → `training` → `committed` → `published` → `verified`, or `failed`, or `rolled_back`.
 * After a crash at any point it is called again and continues; a feedback is never learned twice.
 */
export class FeedbackTransaction {
  constructor(
    private readonly training: TrainingStage,
    private readonly serving: ServingStage,
    private readonly server: ServingControl,
    private readonly locks: AdapterLocks,
    private readonly lease: AcceleratorLease,
    private readonly recorder: FeedbackRecorder,
  ) {}

  /**
   * Returns when the feedback is finished. Failures of the step are part of its record, not thrown.
   * @throws RecordNotWrittenError and errors of the store while it rolls back: to be called again later;
   *   anything when `signal` has aborted: the feedback is left to the next start
   */
  async advance(requestId: string, signal: AbortSignal): Promise<void> {
    const feedback = await this.recorder.repository.find(requestId);
    if (feedback === null) return;
    if (feedback.finishedAt !== null) {
      // Its last change was written, and the confirmation got lost: whoever waits has not heard of it.
      this.recorder.hub.announceChange(feedback);
      return;
    }
    const run = new FeedbackRun(feedback, this.recorder);
    // A server that gives the accelerator up for a step needs it back before anybody else may take it.
    if (this.server.capabilities.releasesAccelerator) await this.lease.run(() => this.finish(run, signal));
    else await this.finish(run, signal);
  }

  private async finish(run: FeedbackRun, signal: AbortSignal): Promise<void> {
    const { loraId } = run.feedback;
    while (!run.isFinished) {
      const trained = run.isCommitted ? null : await this.training.step(run, signal);
      await this.locks.run(loraId, async () => {
        if (trained !== null) await this.training.commit(run, trained, signal);
        if (run.isCommitted && !run.isFinished) await this.serving.serve(run);
      });
    }
  }
}

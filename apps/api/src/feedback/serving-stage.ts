import { Logger } from '@nestjs/common';
import {
  ClaasError,
  type AdapterId,
  type AdapterStore,
  type AdapterVersion,
  type ServingControl,
} from '@claas/contracts';
import type { Lease } from '../replicas/lease.js';
import type { SharedServing } from '../replicas/shared-serving.js';
import { describeFailure, describeUntouched } from './describe-failure.js';
import type { FeedbackRun } from './feedback-run.js';
import { findLearnedVersion } from './learned-version.js';
import type { Publication } from './publication.js';
import type { RollbackStage } from './rollback-stage.js';
import type { SleepWindow } from './sleep-window.js';
import { TransactionInterruptedError } from './transaction-interrupted-error.js';

/**
 * From `committed` to `verified`, or back to the parent, for the feedbacks of one adapter whose steps are done. Each version
 * is published and verified in its turn, also when a newer one follows at once. To be called with the adapter's lock held.
 */
export class ServingStage {
  private readonly logger = new Logger(ServingStage.name);

  constructor(
    private readonly store: AdapterStore,
    private readonly serving: ServingControl,
    private readonly shared: SharedServing,
    private readonly publication: Publication,
    private readonly rollback: RollbackStage,
    private readonly keepVersions: number,
  ) {}

  async serve(loraId: AdapterId, runs: readonly FeedbackRun[], window: SleepWindow, lease: Lease): Promise<void> {
    const committed = runs.filter((run) => run.isCommitted).sort(byVersion);
    await this.agree(loraId, () => this.shared.catchUp());
    if (staysAsleep(runs, committed)) {
      await window.leaveAsleep();
      for (const run of committed) await run.finish({ state: 'committed' });
    } else {
      await this.serveAwake(runs, committed, window, lease);
    }
    for (const run of runs) await this.finishFailed(run);
  }

  private async serveAwake(
    runs: readonly FeedbackRun[],
    committed: readonly FeedbackRun[],
    window: SleepWindow,
    lease: Lease,
  ): Promise<void> {
    const wakeFailure = await this.wake(runs, window);
    for (const [index, run] of committed.entries()) {
      const later = committed.slice(index + 1);
      const failure = wakeFailure ?? (await this.serveOne(run, lease));
      if (failure === null) continue;
      await this.rollback.run(run, later, failure, { window, lease });
      return;
    }
    for (const run of committed.slice(-1)) {
      await this.publishHead(run, lease);
      await this.prune(run.feedback.loraId);
    }
  }

  /** The failure, null when the server is awake. */
  private async wake(runs: readonly FeedbackRun[], window: SleepWindow): Promise<unknown> {
    try {
      await window.end(runs);
      return null;
    } catch (error) {
      if (error instanceof TransactionInterruptedError) throw error;
      this.logger.warn(`The server could not be woken: ${String(error)}`);
      return error;
    }
  }

  /** The failure, null when the version is served. */
  private async serveOne(run: FeedbackRun, lease: Lease): Promise<unknown> {
    const { loraId, version, error } = run.feedback;
    // A crash came between the failure and the end of the rollback.
    if (error !== null) return new ClaasError(error.code, error.message);
    try {
      const source = await this.readOwn(run);
      await run.assertLease();
      await run.clock.measure('publish', () => this.publication.publish(source));
      await run.change({ state: 'published', serving: { ...run.feedback.serving, published: true } });
      await run.clock.measure('verify', () => this.publication.verify(run));
      await this.agree(loraId, () => this.shared.announce(loraId, version, lease));
      await run.finish({ state: 'verified' });
      return null;
    } catch (cause) {
      if (cause instanceof TransactionInterruptedError) throw cause;
      return cause;
    }
  }

  /** The version of this feedback, as long as the head is it or was made from it, by whomever. */
  private async readOwn({ feedback }: FeedbackRun): Promise<AdapterVersion> {
    const { loraId, version } = feedback;
    const head = await this.store.read(loraId);
    if (head.manifest.version === version) return head;
    // A client may have taken the head back after a crash, before the later one learned.
    const learned = await findLearnedVersion(this.store, feedback);
    if (learned !== null && learned.version === version) return this.store.read(loraId, version);
    throw new ClaasError(
      'feedback_interrupted',
      `Version ${version} was saved, but the head moved to version ${head.manifest.version} before it was served.`,
    );
  }

  /** What the database does not take is not the feedback's failure. */
  private async agree(loraId: AdapterId, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw new TransactionInterruptedError(loraId, error);
    }
  }

  private async finishFailed(run: FeedbackRun): Promise<void> {
    if (run.failure === null || run.isFinished) return;
    const { phase, cause } = run.failure;
    const adapter = await describeUntouched(this.store, this.serving, run.feedback);
    await run.finish({ state: 'failed', error: describeFailure(run.feedback, phase, cause, adapter) });
  }

  /** After a crash somebody else may have built on the last version before it was served. */
  private async publishHead({ feedback }: FeedbackRun, lease: Lease): Promise<void> {
    const { loraId, version } = feedback;
    try {
      const head = await this.store.read(loraId);
      if (head.manifest.version === version) return;
      await this.publication.publish(head);
      await this.shared.announce(loraId, head.manifest.version, lease);
    } catch (error) {
      this.logger.warn(`The head of LoRA ${loraId} could not be published: ${String(error)}`);
    }
  }

  private async prune(loraId: AdapterId): Promise<void> {
    const inUse = this.serving.published().filter((served) => served.loraId === loraId);
    try {
      await this.store.prune(loraId, { keep: this.keepVersions, inUse: inUse.map(({ version }) => version) });
    } catch (error) {
      this.logger.warn(`Old versions of LoRA ${loraId} could not be removed: ${String(error)}`);
    }
  }
}

/** Not that of arrival: a step that a crash interrupted is run after the commits of those that came later. */
function byVersion(a: FeedbackRun, b: FeedbackRun): number {
  return (a.feedback.version ?? 0) - (b.feedback.version ?? 0);
}

/** A client may want the server to go on sleeping: after a step that worked, or after one that failed. */
function staysAsleep(runs: readonly FeedbackRun[], committed: readonly FeedbackRun[]): boolean {
  if (!runs.some(({ feedback }) => feedback.serving.slept)) return false;
  if (committed.some(({ feedback }) => feedback.error !== null)) return false;
  const isWakeWanted = ({ feedback }: FeedbackRun): boolean => {
    const { wakeAfter, wakeOnFailure } = feedback.request.orchestration;
    return committed.length > 0 ? wakeAfter : wakeOnFailure;
  };
  return !runs.some(isWakeWanted);
}

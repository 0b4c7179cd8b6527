import {
  AdapterNotFoundError,
  ClaasError,
  type AdapterStore,
  type AdapterVersion,
  type DistillationEngine,
  type DistillationResult,
} from '@claas/contracts';
import type { StepResult } from './feedback-outcome.js';
import type { FeedbackHub } from './feedback-hub.js';
import type { FeedbackRun } from './feedback-run.js';
import type { Feedback } from './feedback.js';
import { findLearnedVersion } from './learned-version.js';
import type { SleepWindow } from './sleep-window.js';
import { TransactionInterruptedError } from './transaction-interrupted-error.js';
import type { TransactionSettings } from './transaction-settings.js';
import { withDeadline } from './with-deadline.js';

/** Steps of one feedback, restarts of the service and lost races included. More than that, and the feedback itself is the cause. */
const MAX_ATTEMPTS = 10;

/** A step that is done and not yet a version. */
export interface TrainedStep {
  /** Of the adapter's next version: lost when another process continues this feedback. */
  readonly claim: string;
  readonly parent: AdapterVersion;
  readonly directory: string;
  readonly result: StepResult;
}

/**
 * From `queued` to `committed`: the parts of the transaction that change nothing a client can see, and the commit.
 *
 * A step whose trainer crashes or stops answering is not tried again: the client gets the error, the adapter is as it
 * was, and whether to send the feedback once more is the client's decision. Only what this service itself interrupted
 * (a restart, a head that moved) is run again, and what never reached a trainer, because it was killed while it started.
 */
export class TrainingStage {
  constructor(
    private readonly engine: DistillationEngine,
    private readonly store: AdapterStore,
    private readonly hub: FeedbackHub,
    private readonly settings: TransactionSettings,
  ) {}

  /** Null when there is nothing to commit: the step failed, or a version had learned from it before a crash. */
  async step(run: FeedbackRun, window: SleepWindow, signal: AbortSignal): Promise<TrainedStep | null> {
    try {
      const claim = await this.claim(run);
      return (await this.adopt(run)) ? null : await this.distill(run, claim, window, signal);
    } catch (error) {
      await this.fail(run, error, signal);
      return null;
    }
  }

  /** When the head has moved since the step began, the feedback stays `training`: it is to learn from the new head. */
  async commit(
    run: FeedbackRun,
    { claim, parent, directory, result }: TrainedStep,
    signal: AbortSignal,
  ): Promise<void> {
    const { loraId, requestId } = run.feedback;
    const { baseModel, rank, loraAlpha, targetModules, version } = parent.manifest;
    const { metrics, receipt } = result;
    const shape = { baseModel, rank, loraAlpha, targetModules };
    try {
      await run.assertLease();
      const committed = await run.clock.measure('save', () =>
        this.store.commit(loraId, {
          parent: version,
          directory,
          claim,
          manifest: { ...shape, origin: 'feedback', feedbackId: requestId, metrics, receipt },
        }),
      );
      await run.change({ state: 'committed', version: committed.manifest.version });
    } catch (error) {
      if (error instanceof TransactionInterruptedError) throw error;
      await this.discard(directory);
      if (ClaasError.from(error).code === 'stale_parent') return;
      await this.fail(run, error, signal);
    }
  }

  /**
   * Before anything is decided: a process that began the step and stands still must not commit it once this one has told
   * that it failed. Where nobody began it, nothing can come, and a store that takes no claim is its failure.
   */
  private async claim(run: FeedbackRun): Promise<string> {
    const { loraId, attempts } = run.feedback;
    await run.assertLease();
    try {
      return await this.store.claim(loraId);
    } catch (error) {
      if (attempts === 0 || ClaasError.from(error).code !== 'storage_unavailable') throw error;
      throw new TransactionInterruptedError(loraId, error);
    }
  }

  /** Was it committed before, by a process that died or a commit that threw too late? */
  private async adopt(run: FeedbackRun): Promise<boolean> {
    const learned = await findLearnedVersion(this.store, run.feedback);
    if (learned === null) return false;
    await run.change({ state: 'committed', version: learned.version, parentVersion: learned.parent });
    return true;
  }

  private async refuseHopeless(feedback: Feedback): Promise<void> {
    const { loraId, createdAt, attempts } = feedback;
    const summaries = await this.store.list(loraId);
    const adapter = summaries.find((summary) => summary.loraId === loraId);
    if (adapter === undefined) throw new AdapterNotFoundError(loraId);
    if (new Date(adapter.createdAt) > createdAt) {
      throw new ClaasError(
        'adapter_not_found',
        `LoRA ${loraId} was deleted and created again while the feedback waited. Send the feedback again if it is meant for the new one.`,
      );
    }
    if (attempts < MAX_ATTEMPTS) return;
    throw new ClaasError('feedback_interrupted', `The step was begun ${attempts} times and never came to its end.`);
  }

  private async distill(
    run: FeedbackRun,
    claim: string,
    window: SleepWindow,
    signal: AbortSignal,
  ): Promise<TrainedStep> {
    signal.throwIfAborted();
    await this.refuseHopeless(run.feedback);
    const { loraId, attempts } = run.feedback;
    const parent = await this.store.read(loraId);
    run.clock.endQueue();
    await run.change({ state: 'training', parentVersion: parent.manifest.version, attempts: attempts + 1 });
    await window.begin(run);
    const directory = await this.store.stage();
    try {
      const distilled = await run.clock.measure('distill', () => this.callEngine(run, parent, directory, signal));
      const { metrics, receipt, responseLogprobs, parentResponseLogprobs } = distilled;
      const result = { metrics, receipt, responseLogprobs, parentResponseLogprobs };
      await run.change({ result });
      return { claim, parent, directory, result };
    } catch (error) {
      await this.discard(directory);
      throw error;
    }
  }

  private async callEngine(
    run: FeedbackRun,
    parent: AdapterVersion,
    outputDirectory: string,
    signal: AbortSignal,
  ): Promise<DistillationResult> {
    const { loraId, requestId, request, rollout } = run.feedback;
    const { manifest, directory } = parent;
    const { stepTimeoutMs, cancelGraceMs } = this.settings;
    const timeout = AbortSignal.timeout(stepTimeoutMs);
    const tooLong = (): ClaasError =>
      new ClaasError(
        'trainer_unresponsive',
        `The step did not end within ${stepTimeoutMs / 1000} s and was cancelled.`,
      );
    const step = this.engine.distill(
      {
        baseModel: manifest.baseModel,
        rollout,
        feedback: request.feedback,
        settings: request.training,
        feedbackId: requestId,
        parent: { loraId, version: manifest.version, directory },
        outputDirectory,
      },
      {
        signal: AbortSignal.any([signal, timeout]),
        onProgress: (progress) => {
          this.hub.announceProgress(requestId, progress);
        },
      },
    );
    try {
      return await withDeadline(step, stepTimeoutMs + cancelGraceMs, tooLong);
    } catch (error) {
      throw timeout.aborted ? tooLong() : error;
    }
  }

  /** Unless the transaction is interrupted, which leaves the feedback to whoever continues it. */
  private async fail(run: FeedbackRun, cause: unknown, signal: AbortSignal): Promise<void> {
    if (cause instanceof TransactionInterruptedError) throw cause;
    if (signal.aborted) throw new TransactionInterruptedError(run.feedback.loraId, cause);
    const error = ClaasError.from(cause);
    if (wasKilledWhileStarting(error) && run.feedback.attempts < MAX_ATTEMPTS) {
      await run.change({ state: 'queued' });
      run.postponement = error;
      return;
    }
    const { phase } = run.clock;
    if (phase === 'save' && (await this.adopt(run).catch(() => false))) return;
    run.failure = { phase, cause };
  }

  /** What can't be removed now is swept when the store is opened again. */
  private async discard(directory: string): Promise<void> {
    await this.store.discard(directory).catch(() => undefined);
  }
}

/** By a signal, as by a machine that is short of memory for a moment. A trainer that ends by itself would do so again. */
function wasKilledWhileStarting({ code, details }: ClaasError): boolean {
  return code === 'trainer_failed_to_start' && typeof details['signal'] === 'string';
}

import type { AdapterLocks } from '../replicas/adapter-locks.js';
import type { Lease } from '../replicas/lease.js';
import type { SleepingServer } from '../replicas/server-sleep.js';
import { FeedbackRun, type FeedbackRecorder } from './feedback-run.js';
import type { FeedbackTurn } from './feedback-turn.js';
import type { Feedback } from './feedback.js';
import type { ServingStage } from './serving-stage.js';
import { SleepWindow } from './sleep-window.js';
import type { TrainingStage } from './training-stage.js';
import { TransactionInterruptedError } from './transaction-interrupted-error.js';

/**
 * Brings accepted feedbacks of one adapter to their end, from whatever their records say:
 * `queued` → `training` → `committed` → `published` → `verified`, or `failed`, or `rolled_back`.
 * After a crash at any point it is called again, by any process, and continues; a feedback is never learned twice.
 */
export class FeedbackTransaction {
  constructor(
    private readonly training: TrainingStage,
    private readonly serving: ServingStage,
    private readonly server: SleepingServer,
    private readonly locks: AdapterLocks,
    private readonly recorder: FeedbackRecorder,
    private readonly servingTimeoutMs: number,
  ) {}

  /**
   * Returns when the feedbacks of the turn are finished, or queued again because the version that they build on could not
   * be served. Failures of a step are part of its record, not thrown.
   * @throws TransactionInterruptedError (also for a step that is postponed) and errors of the store while it rolls back: to
   *   be called again later;
   *   anything when `signal` has aborted: the feedbacks are left to whoever continues
   */
  async advance(turn: FeedbackTurn, lease: Lease, signal: AbortSignal): Promise<void> {
    const window = new SleepWindow(turn.loraId, this.server, lease, this.servingTimeoutMs);
    try {
      await this.learn(turn, window, lease, signal);
    } catch (error) {
      await window.abandon();
      throw error;
    }
  }

  private async learn(turn: FeedbackTurn, window: SleepWindow, lease: Lease, signal: AbortSignal): Promise<void> {
    const { loraId } = turn;
    const toRuns = (feedbacks: readonly Feedback[]): FeedbackRun[] =>
      feedbacks.map((feedback) => new FeedbackRun(feedback, this.recorder, lease));
    const runs = toRuns(turn.feedbacks);
    const serve = (): Promise<void> => this.serving.serve(loraId, runs, window, lease);
    const isRollingBack = runs.some(({ feedback }) => feedback.error !== null);
    // A rollback that a crash interrupted comes first: nothing may be built on what it takes back.
    if (isRollingBack || !runs.some((run) => run.isWaiting)) {
      await this.locks.run(loraId, serve);
      return;
    }
    let isServed = false as boolean;
    // Grows while it is gone through: what arrives during a step joins the turn.
    for (const run of runs) {
      while (run.isWaiting && !isServed) {
        const trained = await this.training.step(run, window, signal);
        if (run === runs.at(-1)) runs.push(...toRuns(await turn.more()));
        await this.locks.run(loraId, async () => {
          if (trained !== null) await this.training.commit(run, trained, signal);
          // Nobody can move the head between the last commit and the end of its verification.
          // Whoever comes after may have been committed before a crash. What is queued again waits for the next turn,
          // which takes it in order of arrival.
          // Those behind one that is postponed wait with it.
          isServed = run.postponement !== null || !runs.some(({ isWaiting }) => isWaiting);
          if (isServed) await serve();
        });
      }
    }
    const postponed = runs.find(({ postponement }) => postponement !== null);
    if (postponed !== undefined) throw new TransactionInterruptedError(loraId, postponed.postponement);
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { ClaasError, type AdapterId, type AdapterStore, type AdapterVersion } from '@claas/contracts';
import type { Lease } from '../replicas/lease.js';
import type { SharedServing } from '../replicas/shared-serving.js';
import { describeFailure } from './describe-failure.js';
import type { StoredError } from './feedback-error.js';
import type { FeedbackRun } from './feedback-run.js';
import { findLearnedVersion } from './learned-version.js';
import type { Publication } from './publication.js';
import { TransactionInterruptedError } from './transaction-interrupted-error.js';
import type { SleepWindow } from './sleep-window.js';

const REPUBLISH_ATTEMPTS = 3;
const REPUBLISH_PAUSE_MS = 200;

/** Takes a version back that could not be served, and serves its parent again. */
export class RollbackStage {
  private readonly logger = new Logger(RollbackStage.name);

  constructor(
    private readonly store: AdapterStore,
    private readonly shared: SharedServing,
    private readonly publication: Publication,
  ) {}

  /**
   * The error is written before anything moves, so that a restart goes on rolling back instead of publishing again.
   * Feedbacks whose versions build on the one that is taken back are queued again, and learn from the parent.
   */
  async run(
    run: FeedbackRun,
    later: readonly FeedbackRun[],
    failure: unknown,
    { window, lease }: { readonly window: SleepWindow; readonly lease: Lease },
  ): Promise<void> {
    const { loraId, parentVersion } = run.feedback;
    const error = run.feedback.error ?? describeFailure(run.feedback, run.clock.phase, failure, '');
    await run.change({ error });
    const head = await this.readHead(loraId);
    if (head === null || parentVersion === null) {
      return run.finish({ state: 'failed', error: withSentence(error, `LoRA ${loraId} does not exist any more.`) });
    }
    await run.assertLease();
    // Whatever was built on it, by whomever, goes with it: what is told to be taken back must not be in the head.
    const isTaken = await this.isLearned(run);
    const served = isTaken ? await this.store.rollback(loraId, parentVersion) : head;
    const isServed = await this.republish(run, later, served, { window, lease });
    for (const waiting of later) {
      // Where a client took the head back meanwhile, its version doesn't build on this one.
      if (!(await this.isLearned(waiting))) await waiting.change({ state: 'queued', version: null, result: null });
    }
    const ending = isServed
      ? `is served again.`
      : `could not be published; it is published with the next request for it.`;
    const sentence = `LoRA ${loraId} is at version ${served.manifest.version} again, which ${ending}`;
    await run.changeServing({ published: false });
    await run.finish({ state: 'rolled_back', error: withSentence(error, sentence) });
  }

  /** Is its version in the head's lineage? */
  private async isLearned({ feedback }: FeedbackRun): Promise<boolean> {
    return (await findLearnedVersion(this.store, feedback))?.version === feedback.version;
  }

  private async readHead(loraId: AdapterId): Promise<AdapterVersion | null> {
    try {
      return await this.store.read(loraId);
    } catch (error) {
      if (ClaasError.from(error).code === 'adapter_not_found') return null;
      throw error;
    }
  }

  /** A server that can't be told of the parent must at least forget the version that was taken back. */
  private async republish(
    run: FeedbackRun,
    later: readonly FeedbackRun[],
    version: AdapterVersion,
    { window, lease }: { readonly window: SleepWindow; readonly lease: Lease },
  ): Promise<boolean> {
    const { loraId } = run.feedback;
    const isServed = await this.tryToPublish(run, later, version, window);
    if (!isServed) {
      await this.publication.retract(loraId).catch((error: unknown) => {
        this.logger.warn(`LoRA ${loraId} could not be retracted: ${String(error)}`);
      });
    }
    try {
      await this.shared.announce(loraId, version.manifest.version, lease);
    } catch (error) {
      throw new TransactionInterruptedError(loraId, error);
    }
    return isServed;
  }

  private async tryToPublish(
    run: FeedbackRun,
    later: readonly FeedbackRun[],
    version: AdapterVersion,
    window: SleepWindow,
  ): Promise<boolean> {
    for (let attempt = 1; attempt <= REPUBLISH_ATTEMPTS; attempt += 1) {
      await run.assertLease();
      try {
        await window.end([run, ...later]);
        await this.publication.publish(version);
        return true;
      } catch (error) {
        if (error instanceof TransactionInterruptedError) throw error;
        const { loraId } = run.feedback;
        this.logger.warn(`LoRA ${loraId} could not be published again (attempt ${attempt}): ${String(error)}`);
        await delay(REPUBLISH_PAUSE_MS);
      }
    }
    return false;
  }
}

function withSentence(error: StoredError, sentence: string): StoredError {
  return { ...error, message: `${error.message.trimEnd()} ${sentence}` };
}

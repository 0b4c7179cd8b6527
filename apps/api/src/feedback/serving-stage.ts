import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import {
  ClaasError,
  type AdapterId,
  type AdapterSource,
  type AdapterStore,
  type AdapterVersion,
  type ServingControl,
  type Verification,
} from '@claas/contracts';
import type { AdapterLocks } from './adapter-locks.js';
import { describeFailure } from './describe-failure.js';
import type { StoredError } from './feedback-error.js';
import type { FeedbackRun } from './feedback-run.js';
import { RecordNotWrittenError } from './record-not-written-error.js';
import { ServerSilentError } from './server-silent-error.js';
import type { TransactionSettings } from './transaction-settings.js';
import { withDeadline } from './with-deadline.js';

const REPUBLISH_ATTEMPTS = 3;
const REPUBLISH_PAUSE_MS = 200;

/** From `committed` to `verified`, or back to the parent. To be called with the adapter's lock held. */
export class ServingStage {
  private readonly logger = new Logger(ServingStage.name);

  constructor(
    private readonly store: AdapterStore,
    private readonly serving: ServingControl,
    private readonly locks: AdapterLocks,
    private readonly settings: TransactionSettings,
  ) {}

  async serve(run: FeedbackRun): Promise<void> {
    const { version, error, serving, request } = run.feedback;
    // A crash came between the failure and the end of the rollback.
    if (error !== null) return this.rollBack(run, error);
    try {
      const head = await this.store.read(run.feedback.loraId);
      if (head.manifest.version !== version) throw movedAway(run, head);
      if (serving.slept && !request.orchestration.wakeAfter) {
        await run.finish({ state: 'committed' });
        return;
      }
      await this.wake(run);
      await run.clock.measure('publish', () => this.publish(head));
      await run.change({ state: 'published', serving: { ...run.feedback.serving, published: true } });
      await run.clock.measure('verify', () => this.verify(run));
      await run.finish({ state: 'verified' });
    } catch (cause) {
      if (cause instanceof RecordNotWrittenError) throw cause;
      return this.rollBack(run, describeFailure(run.feedback, run.clock.phase, cause, ''));
    }
    await this.prune(run.feedback.loraId);
  }

  private async wake(run: FeedbackRun): Promise<void> {
    if (!run.feedback.serving.slept) return;
    await run.clock.measure('wake', () => this.within('be restored', this.serving.restore()));
    await run.changeServing({ woke: true });
  }

  private async verify(run: FeedbackRun): Promise<void> {
    const { loraId, version, result, rollout } = run.feedback;
    if (version === null || result === null || rollout.promptTokenIds === null || !('tokenIds' in rollout.response)) {
      throw new ClaasError('internal', 'The record lacks what a verification compares with.');
    }
    const expected = {
      promptTokenIds: rollout.promptTokenIds,
      responseTokenIds: rollout.response.tokenIds,
      logprobs: result.responseLogprobs,
    };
    const verification = await this.within(
      `score version ${version} of LoRA ${loraId}`,
      this.serving.verify({ loraId, version }, expected),
    );
    await run.changeServing({ verification });
    if (!verification.verified) throw notVerified(version, verification);
  }

  private async publish({ manifest, directory }: AdapterVersion): Promise<void> {
    const { loraId, version } = manifest;
    const source: AdapterSource = { loraId, version, directory };
    const publication = this.serving.publish(source);
    try {
      await this.within(`publish version ${version} of LoRA ${loraId}`, publication);
    } catch (error) {
      // It may still take effect, after its parent was published again.
      if (error instanceof ServerSilentError) {
        void publication.catch(() => undefined).then(() => this.publishHead(loraId));
      }
      throw error;
    }
  }

  private async publishHead(loraId: AdapterId): Promise<void> {
    try {
      await this.locks.run(loraId, async () => this.publish(await this.store.read(loraId)));
    } catch (error) {
      this.logger.warn(`The head of LoRA ${loraId} could not be published after a late publication: ${String(error)}`);
    }
  }

  /** The error is written before anything moves, so that a restart goes on rolling back instead of publishing again. */
  private async rollBack(run: FeedbackRun, error: StoredError): Promise<void> {
    const { loraId, version, parentVersion } = run.feedback;
    await run.change({ error });
    const head = await this.readHead(loraId);
    if (head === null || parentVersion === null) {
      return run.finish({ state: 'failed', error: withSentence(error, `LoRA ${loraId} does not exist any more.`) });
    }
    const isHead = head.manifest.version === version;
    const served = isHead ? await this.store.rollback(loraId, parentVersion) : head;
    const isServed = await this.republish(run, served);
    const ending = isServed
      ? `is served again.`
      : `could not be published; it is published with the next request for it.`;
    const sentence = `LoRA ${loraId} is at version ${served.manifest.version} again, which ${ending}`;
    await run.changeServing({ published: false });
    await run.finish({ state: 'rolled_back', error: withSentence(error, sentence) });
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
  private async republish(run: FeedbackRun, version: AdapterVersion): Promise<boolean> {
    const { loraId, serving } = run.feedback;
    for (let attempt = 1; attempt <= REPUBLISH_ATTEMPTS; attempt += 1) {
      try {
        if (serving.slept) await this.within('be restored', this.serving.restore());
        await this.publish(version);
        return true;
      } catch (error) {
        this.logger.warn(`LoRA ${loraId} could not be published again (attempt ${attempt}): ${String(error)}`);
        await delay(REPUBLISH_PAUSE_MS);
      }
    }
    await this.within(`retract LoRA ${loraId}`, this.serving.retract(loraId)).catch((error: unknown) => {
      this.logger.warn(`LoRA ${loraId} could not be retracted: ${String(error)}`);
    });
    return false;
  }

  private async prune(loraId: AdapterId): Promise<void> {
    const inUse = this.serving.published().filter((served) => served.loraId === loraId);
    try {
      await this.store.prune(loraId, { keep: this.settings.keepVersions, inUse: inUse.map(({ version }) => version) });
    } catch (error) {
      this.logger.warn(`Old versions of LoRA ${loraId} could not be removed: ${String(error)}`);
    }
  }

  private async within<Result>(task: string, work: Promise<Result>): Promise<Result> {
    const { servingTimeoutMs } = this.settings;
    return withDeadline(work, servingTimeoutMs, () => new ServerSilentError(task, servingTimeoutMs));
  }
}

function notVerified(version: number, { maxDifference, tolerance }: Verification): ClaasError {
  return new ClaasError(
    'verification_failed',
    `The server does not answer with version ${version}: its log-probs differ by ${maxDifference.toPrecision(3)} nats from the trainer's, more than ${tolerance} are not rounding.`,
    { max_difference: maxDifference, tolerance },
  );
}

function movedAway(run: FeedbackRun, head: AdapterVersion): ClaasError {
  const { version } = run.feedback;
  return new ClaasError(
    'feedback_interrupted',
    `Version ${version} was saved, but the head moved to version ${head.manifest.version} before it was served.`,
  );
}

function withSentence(error: StoredError, sentence: string): StoredError {
  return { ...error, message: `${error.message.trimEnd()} ${sentence}` };
}

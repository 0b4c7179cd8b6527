import { Logger } from '@nestjs/common';
import {
  ClaasError,
  type AdapterId,
  type AdapterStore,
  type AdapterVersion,
  type ServingControl,
  type Verification,
} from '@claas/contracts';
import type { AdapterLocks } from '../replicas/adapter-locks.js';
import type { SharedServing } from '../replicas/shared-serving.js';
import type { FeedbackRun } from './feedback-run.js';
import { ServerSilentError } from './server-silent-error.js';
import { withDeadline } from './with-deadline.js';

/** Makes the server answer with a version, and asks it whether it does; a server that says nothing is not waited for for ever. */
export class Publication {
  private readonly logger = new Logger(Publication.name);

  constructor(
    private readonly store: AdapterStore,
    private readonly serving: ServingControl,
    private readonly shared: SharedServing,
    private readonly locks: AdapterLocks,
    private readonly servingTimeoutMs: number,
  ) {}

  async publish({ manifest, directory }: AdapterVersion): Promise<void> {
    const { loraId, version } = manifest;
    const publication = this.serving.publish({ loraId, version, directory });
    try {
      await this.within(`publish version ${version} of LoRA ${loraId}`, publication);
      this.shared.expect(loraId, version);
    } catch (error) {
      // It may still take effect, after its parent was published again.
      if (error instanceof ServerSilentError) {
        void publication.catch(() => undefined).then(() => this.publishHead(loraId));
      }
      throw error;
    }
  }

  /** @throws ClaasError `verification_failed` */
  async verify(run: FeedbackRun): Promise<void> {
    const { loraId, version, result, rollout } = run.feedback;
    if (version === null || result === null || rollout.promptTokenIds === null || !('tokenIds' in rollout.response)) {
      throw new ClaasError('internal', 'The record lacks what a verification compares with.');
    }
    const expected = {
      promptTokenIds: rollout.promptTokenIds,
      responseTokenIds: rollout.response.tokenIds,
      logprobs: result.responseLogprobs,
      parentLogprobs: result.parentResponseLogprobs,
    };
    const verification = await this.within(
      `score version ${version} of LoRA ${loraId}`,
      this.serving.verify({ loraId, version }, expected),
    );
    await run.changeServing({ verification });
    if (!verification.verified) throw notVerified(version, verification);
  }

  async retract(loraId: AdapterId): Promise<void> {
    await this.within(`retract LoRA ${loraId}`, this.serving.retract(loraId));
  }

  private async publishHead(loraId: AdapterId): Promise<void> {
    try {
      await this.locks.run(loraId, async () => this.publish(await this.store.read(loraId)));
    } catch (error) {
      this.logger.warn(`The head of LoRA ${loraId} could not be published after a late publication: ${String(error)}`);
    }
  }

  private async within<Result>(task: string, work: Promise<Result>): Promise<Result> {
    const { servingTimeoutMs } = this;
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

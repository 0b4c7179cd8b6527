import { ClaasError } from '@claas/contracts';
import type { FeedbackHub } from './feedback-hub.js';
import type { FeedbackRepository } from './feedback-repository.js';
import type { Feedback } from './feedback.js';

/** Looks at the record though nothing was heard: another process may have changed it, and its notice may be lost. */
const POLL_MS = 1_000;

/** Lets a client wait for its feedback. The feedback does not depend on anybody waiting. */
export class FeedbackWaiter {
  private readonly interruptions = new Set<() => void>();

  constructor(
    private readonly repository: FeedbackRepository,
    private readonly hub: FeedbackHub,
    private readonly lockTimeoutMs: number,
  ) {}

  /**
   * The finished feedback, however it ended.
   * @throws ClaasError `feedback_lock_timeout` when its step has not begun in time, `feedback_interrupted` when the service stops
   */
  async outcome(accepted: Feedback): Promise<Feedback> {
    const { requestId } = accepted;
    let latest = accepted;
    const cleanUps: (() => void)[] = [];
    try {
      return await new Promise<Feedback>((resolve, reject) => {
        const observe = (feedback: Feedback): void => {
          latest = feedback;
          if (feedback.finishedAt !== null) resolve(feedback);
        };
        cleanUps.push(this.hub.onChange(requestId, observe));
        const timer = setTimeout(() => {
          if (latest.state === 'queued') reject(lockTimeout(latest, this.lockTimeoutMs));
        }, this.lockTimeoutMs);
        cleanUps.push(() => {
          clearTimeout(timer);
        });
        const interrupt = (): void => {
          reject(interrupted(latest));
        };
        this.interruptions.add(interrupt);
        cleanUps.push(() => this.interruptions.delete(interrupt));
        const look = async (): Promise<void> => {
          observe((await this.repository.find(requestId)) ?? accepted);
        };
        look().catch(reject);
        // A database that is away for a moment is no reason to stop waiting.
        const poll = setInterval(() => void look().catch(() => undefined), POLL_MS);
        cleanUps.push(() => {
          clearInterval(poll);
        });
      });
    } finally {
      for (const cleanUp of cleanUps) cleanUp();
    }
  }

  /** Tells whoever waits that the service stops. */
  stop(): void {
    for (const interrupt of this.interruptions) interrupt();
  }
}

function lockTimeout(feedback: Feedback, lockTimeoutMs: number): ClaasError {
  return new ClaasError(
    'feedback_lock_timeout',
    `Timed out waiting for lock on LoRA '${feedback.loraId}': its step has not begun within ${lockTimeoutMs / 1000} s. The feedback stays queued and will be applied; GET ${locationOf(feedback)} says how it ended. Don't send it again.`,
    whereToLook(feedback),
  );
}

function interrupted(feedback: Feedback): ClaasError {
  return new ClaasError(
    'feedback_interrupted',
    `The service stops while the feedback is '${feedback.state}'. It is kept and continues at the next start, or in another process of the service; GET ${locationOf(feedback)} then says how it ended. Don't send it again.`,
    whereToLook(feedback),
  );
}

/** Where a client finds out about a feedback. */
export function locationOf(feedback: Feedback): string {
  return `/v1/feedback/${feedback.requestId}`;
}

function whereToLook(feedback: Feedback): Record<string, string> {
  const { requestId, loraId, state } = feedback;
  return { feedback_id: requestId, lora_id: loraId, feedback_status: state, location: locationOf(feedback) };
}

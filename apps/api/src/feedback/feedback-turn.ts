import type { AdapterId } from '@claas/contracts';
import type { Feedback } from './feedback.js';

/** Feedbacks of one adapter, with one wish for the server, that go through one sleep of it. */
export class FeedbackTurn {
  private readonly taken: Feedback[];

  constructor(
    readonly loraId: AdapterId,
    feedbacks: readonly Feedback[],
    private readonly lookForMore: (taken: readonly Feedback[]) => Promise<readonly Feedback[]>,
  ) {
    this.taken = [...feedbacks];
  }

  /** In order of arrival. */
  get feedbacks(): readonly Feedback[] {
    return this.taken;
  }

  /** Those that arrived since, and still fit into the turn. */
  async more(): Promise<readonly Feedback[]> {
    const more = await this.lookForMore(this.taken);
    this.taken.push(...more);
    return more;
  }
}

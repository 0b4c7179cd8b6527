import type { Bulletin, Notice } from '../database/bulletin.js';
import type { FeedbackHub } from './feedback-hub.js';
import type { FeedbackProcessor } from './feedback-processor.js';
import type { FeedbackRepository } from './feedback-repository.js';

/** Carries what happens to feedbacks from this process to the others, and from them to whoever waits here. */
export class FeedbackNotices {
  private readonly cleanUps: (() => void)[] = [];

  constructor(
    private readonly bulletin: Bulletin,
    private readonly repository: FeedbackRepository,
    private readonly hub: FeedbackHub,
    private readonly processor: FeedbackProcessor,
  ) {}

  start(): void {
    const { bulletin, hub } = this;
    this.cleanUps.push(
      hub.onAnyChange(({ requestId, state }) => {
        void bulletin.post({ topic: 'feedback', requestId });
        if (state === 'queued') void bulletin.post({ topic: 'queue' });
      }),
      hub.onAnyProgress((requestId, { phase, fraction }) => {
        void bulletin.post({ topic: 'progress', requestId, phase, fraction });
      }),
      bulletin.onNotice((notice) => {
        this.hear(notice);
      }),
    );
  }

  stop(): void {
    for (const cleanUp of this.cleanUps.splice(0)) cleanUp();
  }

  private hear(notice: Notice): void {
    if (notice.topic === 'queue') this.processor.notice();
    if (notice.topic === 'feedback' && this.hub.isAwaited(notice.requestId)) void this.tell(notice.requestId);
    if (notice.topic === 'progress') {
      const { requestId, phase, fraction } = notice;
      this.hub.announceRemoteProgress(requestId, { phase, fraction });
    }
  }

  /** Who waits looks again by itself when this fails. */
  private async tell(requestId: string): Promise<void> {
    const feedback = await this.repository.find(requestId).catch(() => null);
    if (feedback !== null) this.hub.announceRemoteChange(feedback);
  }
}

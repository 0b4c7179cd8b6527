import { EventEmitter } from 'node:events';
import type { DistillationProgress } from '@claas/contracts';
import type { Feedback } from './feedback.js';

/** Tells whoever listens in this process what happens to feedbacks: waiting clients, event streams, metrics. */
export class FeedbackHub {
  private readonly emitter = new EventEmitter({ captureRejections: false }).setMaxListeners(0);

  announceChange(feedback: Feedback): void {
    this.emitter.emit('change', feedback);
    this.emitter.emit(`change:${feedback.requestId}`, feedback);
  }

  /** A change that another process has made: for those who wait for this feedback, not for who counts them all. */
  announceRemoteChange(feedback: Feedback): void {
    this.emitter.emit(`change:${feedback.requestId}`, feedback);
  }

  /** Does anybody wait to hear of this feedback? */
  isAwaited(requestId: string): boolean {
    return this.emitter.listenerCount(`change:${requestId}`) > 0;
  }

  announceProgress(requestId: string, progress: DistillationProgress): void {
    this.emitter.emit('progress', requestId, progress);
    this.announceRemoteProgress(requestId, progress);
  }

  announceRemoteProgress(requestId: string, progress: DistillationProgress): void {
    this.emitter.emit(`progress:${requestId}`, progress);
  }

  /** Every durable change of every feedback. Returns how to stop listening. */
  onAnyChange(listener: (feedback: Feedback) => void): () => void {
    return this.listen('change', listener);
  }

  onAnyProgress(listener: (requestId: string, progress: DistillationProgress) => void): () => void {
    return this.listen('progress', listener);
  }

  onChange(requestId: string, listener: (feedback: Feedback) => void): () => void {
    return this.listen(`change:${requestId}`, listener);
  }

  onProgress(requestId: string, listener: (progress: DistillationProgress) => void): () => void {
    return this.listen(`progress:${requestId}`, listener);
  }

  private listen(name: string, listener: Parameters<EventEmitter['on']>[1]): () => void {
    this.emitter.on(name, listener);
    return () => {
      this.emitter.off(name, listener);
    };
  }
}

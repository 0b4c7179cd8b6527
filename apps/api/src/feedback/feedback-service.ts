import { randomUUID } from 'node:crypto';
import { AdapterNotFoundError, ClaasError, parseAdapterId, type AdapterId, type AdapterStore } from '@claas/contracts';
import type { Arrivals } from './arrivals.js';
import { hashRequest } from './hash-request.js';
import type { FeedbackHub } from './feedback-hub.js';
import type { FeedbackLog } from './feedback-log.js';
import type { FeedbackProcessor } from './feedback-processor.js';
import type { FeedbackFilter, FeedbackRepository } from './feedback-repository.js';
import type { FeedbackRequest } from './feedback-request.js';
import type { Feedback, NewFeedback } from './feedback.js';
import type { RolloutPreparation } from './rollout-preparation.js';

/** What clients can do with feedbacks: send, look up, list. */
export class FeedbackService {
  constructor(
    private readonly store: AdapterStore,
    private readonly preparation: RolloutPreparation,
    private readonly repository: FeedbackRepository,
    private readonly processor: FeedbackProcessor,
    private readonly hub: FeedbackHub,
    private readonly log: FeedbackLog,
    private readonly arrivals: Arrivals,
  ) {}

  /**
   * Accepts a feedback: once this returns, it is applied exactly once or reported as failed, whatever dies.
   * A repetition under the same idempotency key gives the first feedback, whatever has become of it.
   * @throws ClaasError `adapter_not_found`, `completion_not_found`, `idempotency_conflict`, and what makes the input unusable
   */
  async accept(request: FeedbackRequest, idempotencyKey: string | null): Promise<Feedback> {
    const bodyHash = hashRequest(request);
    const first = await this.findRepeated(idempotencyKey, bodyHash);
    if (first !== null) return first;
    const requestId = randomUUID().replaceAll('-', '');
    try {
      const loraId = await this.arrivals.inOrder(this.store.resolve(request.loraId));
      return await this.arrivals.run(loraId, async () => {
        const rollout = await this.preparation.prepare(loraId, request);
        const requestedLoraId = request.loraId;
        return this.insert({ requestId, idempotencyKey, bodyHash, requestedLoraId, loraId, request, rollout });
      });
    } catch (error) {
      await this.log.writeRefusal(requestId, request, ClaasError.from(error));
      throw error;
    }
  }

  /** @throws ClaasError `feedback_not_found` */
  async find(requestId: string): Promise<Feedback> {
    const feedback = await this.repository.find(requestId);
    if (feedback !== null) return feedback;
    throw new ClaasError('feedback_not_found', `No feedback ${requestId}. GET /v1/feedback lists what was received.`, {
      feedback_id: requestId,
    });
  }

  /** Newest first. */
  async list(filter: FeedbackFilter): Promise<Feedback[]> {
    return this.repository.list(filter);
  }

  /** The id behind an id or alias; an adapter that was deleted keeps its feedbacks. @throws AdapterIdInvalidError */
  async adapterOf(id: string): Promise<AdapterId> {
    try {
      return await this.store.resolve(id);
    } catch (error) {
      if (error instanceof AdapterNotFoundError) return parseAdapterId(id);
      throw error;
    }
  }

  private async insert(feedback: NewFeedback): Promise<Feedback> {
    const accepted = await this.repository.insert(feedback);
    if (accepted !== null) {
      this.hub.announceChange(accepted);
      this.processor.notice();
      return accepted;
    }
    const first = await this.findRepeated(feedback.idempotencyKey, feedback.bodyHash);
    if (first === null) throw new Error(`Feedback ${feedback.requestId} could not be inserted.`);
    return first;
  }

  private async findRepeated(idempotencyKey: string | null, bodyHash: string): Promise<Feedback | null> {
    if (idempotencyKey === null) return null;
    const first = await this.repository.findByIdempotencyKey(idempotencyKey);
    if (first === null || first.bodyHash === bodyHash) return first;
    throw new ClaasError(
      'idempotency_conflict',
      `The idempotency key was used before for another feedback (${first.requestId}). Send a new key with a new body; nothing was changed.`,
      { feedback_id: first.requestId, feedback_status: first.state },
    );
  }
}

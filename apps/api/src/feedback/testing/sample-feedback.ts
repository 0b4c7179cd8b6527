import { randomUUID } from 'node:crypto';
import { DEFAULT_TRAINING_SETTINGS, parseAdapterId } from '@claas/contracts';
import { DEFAULT_ORCHESTRATION, type FeedbackRequest } from '../feedback-request.js';
import type { NewFeedback } from '../feedback.js';
import { hashRequest } from '../hash-request.js';

export function sampleRequest(change: Partial<FeedbackRequest> = {}): FeedbackRequest {
  return {
    loraId: 'user/model-latest',
    subject: { kind: 'prompt', prompt: 'Who are you?', response: 'I am Clay. 😊', rolloutLogprobs: null },
    feedback: "Don't use emojis.",
    training: DEFAULT_TRAINING_SETTINGS,
    orchestration: DEFAULT_ORCHESTRATION,
    ...change,
  };
}

export function sampleNewFeedback(change: Partial<NewFeedback> = {}): NewFeedback {
  const request = sampleRequest();
  return {
    requestId: randomUUID().replaceAll('-', ''),
    idempotencyKey: null,
    bodyHash: hashRequest(request),
    requestedLoraId: request.loraId,
    loraId: parseAdapterId('user/model-init'),
    request,
    rollout: {
      conversation: [{ role: 'user', content: 'Who are you?' }],
      templateOptions: { enableThinking: null },
      promptTokenIds: [1, 2, 3],
      response: { tokenIds: [4, 5, 6] },
      rolloutLogprobs: [-0.1, -1 / 3, -2.5e-9],
      temperature: 0.7,
    },
    ...change,
  };
}

import type { TrainingSettings } from '@claas/contracts';
import type { FeedbackRequest, FeedbackSubject, OrchestrationSettings } from '../feedback-request.js';

/** A feedback's request as the client could have sent it, with every default written out. */
export interface RequestOnTheWire {
  readonly lora_id: string;
  readonly completion_id?: string;
  readonly prompt?: string;
  readonly messages?: readonly { readonly role: string; readonly content: string }[];
  readonly response?: string;
  readonly rollout_logprobs?: readonly number[] | null;
  readonly feedback: string;
  readonly training: Readonly<Record<string, number | string | null>>;
  readonly orchestration: Readonly<Record<string, number | boolean>>;
}

export function toRequestOnTheWire(request: FeedbackRequest): RequestOnTheWire {
  return {
    lora_id: request.loraId,
    ...toSubjectAnswer(request.subject),
    feedback: request.feedback,
    training: toTrainingAnswer(request.training),
    orchestration: toOrchestrationAnswer(request.orchestration),
  };
}

function toSubjectAnswer(subject: FeedbackSubject): Partial<RequestOnTheWire> {
  switch (subject.kind) {
    case 'completion':
      return { completion_id: subject.completionId };
    case 'prompt':
      return { prompt: subject.prompt, response: subject.response, rollout_logprobs: subject.rolloutLogprobs };
    case 'messages':
      return { messages: subject.messages, response: subject.response, rollout_logprobs: subject.rolloutLogprobs };
  }
}

function toTrainingAnswer(training: TrainingSettings): RequestOnTheWire['training'] {
  return {
    learning_rate: training.learningRate,
    alpha: training.alpha,
    is_clip: training.isClip,
    max_grad_norm: training.maxGradNorm,
    kl_reg_weight: training.klRegWeight,
    top_k: training.topK,
    teacher_mode: training.teacherMode,
    steps: training.steps,
  };
}

function toOrchestrationAnswer(orchestration: OrchestrationSettings): RequestOnTheWire['orchestration'] {
  return {
    sleep_before: orchestration.sleepBefore,
    wake_after: orchestration.wakeAfter,
    wake_on_failure: orchestration.wakeOnFailure,
    sleep_level: orchestration.sleepLevel,
  };
}

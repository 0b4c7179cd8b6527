import { DEFAULT_ORCHESTRATION, type FeedbackRequest } from '../feedback-request.js';
import type { FeedbackDto } from './feedback.dto.js';
import { readLesson } from './read-lesson.js';

/** @throws RequestInvalidError */
export function readFeedbackRequest(body: FeedbackDto): FeedbackRequest {
  const { orchestration } = body;
  const defaults = DEFAULT_ORCHESTRATION;
  return {
    loraId: body.lora_id,
    ...readLesson(body),
    orchestration: {
      sleepBefore: orchestration?.sleep_before ?? defaults.sleepBefore,
      wakeAfter: orchestration?.wake_after ?? defaults.wakeAfter,
      wakeOnFailure: orchestration?.wake_on_failure ?? defaults.wakeOnFailure,
      sleepLevel: orchestration?.sleep_level ?? defaults.sleepLevel,
    },
  };
}

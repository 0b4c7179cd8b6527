import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsObject, ValidateNested } from 'class-validator';
import { IsGiven } from './is-given.js';
import { LessonDto } from './lesson.dto.js';
import { OrchestrationDto } from './orchestration.dto.js';

/** The body of POST /v1/feedback. */
export class FeedbackDto extends LessonDto {
  @ApiPropertyOptional({ description: 'What the server does around the step.', type: OrchestrationDto })
  @IsGiven()
  @IsObject()
  @ValidateNested()
  @Type(() => OrchestrationDto)
  orchestration?: OrchestrationDto;
}

/** Bodies that run as they stand once `user/my-lora` is initialised. */
export const FEEDBACK_EXAMPLES = {
  text: {
    summary: 'An answer that is known as text',
    value: {
      lora_id: 'user/my-lora-init',
      prompt: 'Write a function to calculate factorial',
      response: 'def factorial(n):\n    return 1 if n < 2 else n * factorial(n - 1)',
      feedback: 'Good recursive solution',
      training: { learning_rate: 1e-4, alpha: 0.5, teacher_mode: 'self' },
      orchestration: { sleep_before: true, wake_after: true, sleep_level: 1 },
    },
  },
  conversation: {
    summary: 'An answer within a conversation',
    value: {
      lora_id: 'user/my-lora-latest',
      messages: [
        { role: 'system', content: 'You are a helpful assistant.' },
        { role: 'user', content: 'Who are you?' },
      ],
      response: 'I am Clay. 😊',
      feedback: "Don't use emojis.",
    },
  },
};

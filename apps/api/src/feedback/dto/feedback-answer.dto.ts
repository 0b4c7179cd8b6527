import { ApiProperty } from '@nestjs/swagger';
import type { Feedback } from '../feedback.js';
import { OutcomeDto, toOutcome } from './outcome.dto.js';
import type { OnTheWire } from './on-the-wire.js';

/** The answer to a feedback that was learned. */
export class FeedbackAnswerDto extends OutcomeDto {
  @ApiProperty({ description: 'Always `ok`: everything else is an error.', enum: ['ok'], example: 'ok' })
  status!: 'ok';

  @ApiProperty({ description: 'Of the feedback: GET /v1/feedback/{request_id} shows it again.' })
  request_id!: string;

  @ApiProperty({ description: 'The id behind the alias that was sent.', example: 'user/my-lora-init' })
  lora_id!: string;

  @ApiProperty({ description: 'The JSON file of this feedback; empty when it could not be written.' })
  feedback_log_path!: string;
}

export function toFeedbackAnswer(feedback: Feedback): OnTheWire<FeedbackAnswerDto> {
  return {
    status: 'ok',
    request_id: feedback.requestId,
    lora_id: feedback.loraId,
    ...toOutcome(feedback),
    feedback_log_path: feedback.logPath ?? '',
  };
}

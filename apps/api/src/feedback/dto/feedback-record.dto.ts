import { ApiProperty } from '@nestjs/swagger';
import type { ErrorCode } from '@claas/contracts';
import { FEEDBACK_STATES, type FeedbackState } from '../feedback-state.js';
import type { Feedback } from '../feedback.js';
import { OutcomeDto, toOutcome } from './outcome.dto.js';
import { toRequestOnTheWire, type RequestOnTheWire } from './request-on-the-wire.js';
import type { OnTheWire } from './on-the-wire.js';

export class FeedbackErrorDto {
  @ApiProperty({ description: 'Stable.', type: String, example: 'trainer_crashed' })
  code!: ErrorCode;

  @ApiProperty({ description: 'The phase in which it happened.', example: 'distill' })
  phase!: string;

  @ApiProperty({ description: 'What happened, and in what state the adapter is.' })
  detail!: string;
}

/** A feedback that was accepted, and what has become of it so far. */
export class FeedbackRecordDto extends OutcomeDto {
  @ApiProperty({ description: 'Id of the feedback.' })
  request_id!: string;

  @ApiProperty({ description: 'Where it stands.', enum: FEEDBACK_STATES })
  status!: FeedbackState;

  @ApiProperty({ description: 'True when nothing remains to be done.' })
  finished!: boolean;

  @ApiProperty({ description: 'The adapter behind the id or alias that was sent.', example: 'user/my-lora-init' })
  lora_id!: string;

  @ApiProperty({ description: 'The version that it learned from.', type: 'integer', nullable: true, example: 0 })
  parent_version!: number | null;

  @ApiProperty({ description: 'How often its step was begun.', type: 'integer', example: 1 })
  attempts!: number;

  @ApiProperty({ description: 'Why it failed; null when it has not.', type: FeedbackErrorDto, nullable: true })
  error!: FeedbackErrorDto | null;

  @ApiProperty({ description: 'As sent, with every default written out.', type: 'object', additionalProperties: true })
  request!: RequestOnTheWire;

  @ApiProperty({
    description: '`Idempotency-Key` that it came with; null when it had none.',
    type: String,
    nullable: true,
  })
  idempotency_key!: string | null;

  @ApiProperty({
    description: 'The JSON file of this feedback; null until it is written.',
    type: String,
    nullable: true,
  })
  feedback_log_path!: string | null;

  @ApiProperty({ description: 'When it was accepted (UTC).', format: 'date-time' })
  created_at!: string;

  @ApiProperty({ description: 'When it last changed (UTC).', format: 'date-time' })
  updated_at!: string;

  @ApiProperty({
    description: 'When nothing remained to be done (UTC); null until then.',
    type: String,
    format: 'date-time',
    nullable: true,
  })
  finished_at!: string | null;
}

export function toFeedbackRecord(feedback: Feedback): OnTheWire<FeedbackRecordDto> {
  const { error } = feedback;
  return {
    request_id: feedback.requestId,
    status: feedback.state,
    finished: feedback.finishedAt !== null,
    lora_id: feedback.loraId,
    parent_version: feedback.parentVersion,
    attempts: feedback.attempts,
    ...toOutcome(feedback),
    error: error === null ? null : { code: error.code, phase: error.phase, detail: error.message },
    request: toRequestOnTheWire(feedback.request),
    idempotency_key: feedback.idempotencyKey,
    feedback_log_path: feedback.logPath,
    created_at: feedback.createdAt.toISOString(),
    updated_at: feedback.updatedAt.toISOString(),
    finished_at: feedback.finishedAt?.toISOString() ?? null,
  };
}

export class FeedbackPageDto {
  @ApiProperty({ description: 'Newest first.', type: [FeedbackRecordDto] })
  feedbacks!: FeedbackRecordDto[];

  @ApiProperty({ description: '`cursor` of the next page; null on the last.', type: String, nullable: true })
  next_cursor!: string | null;
}

import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsNotEmpty, IsOptional, IsString, Matches } from 'class-validator';
import { FEEDBACK_STATES, type FeedbackState } from '../feedback-state.js';

const LIMIT = /^([1-9]|[1-9]\d|1\d\d|200)$/;

/** The query of GET /v1/feedback. */
export class FeedbackQueryDto {
  @ApiPropertyOptional({
    description: 'Only feedbacks of this adapter: an id or an alias.',
    example: 'user/my-lora-init',
  })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  lora_id?: string;

  @ApiPropertyOptional({ description: 'Only feedbacks in this state.', enum: FEEDBACK_STATES })
  @IsOptional()
  @IsIn(FEEDBACK_STATES)
  status?: FeedbackState;

  @ApiPropertyOptional({ description: '`next_cursor` of the page before.' })
  @IsOptional()
  @IsString()
  cursor?: string;

  @ApiPropertyOptional({ description: 'How many, 1 to 200.', type: 'integer', minimum: 1, maximum: 200, default: 50 })
  @IsOptional()
  @Matches(LIMIT, { message: 'must be a whole number from 1 to 200' })
  limit?: string;
}

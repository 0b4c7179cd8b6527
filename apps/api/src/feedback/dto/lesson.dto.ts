import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayNotEmpty,
  IsArray,
  IsNotEmpty,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  ValidateNested,
} from 'class-validator';
import { IsGiven } from './is-given.js';
import { MessageDto } from './message.dto.js';
import { TrainingDto } from './training.dto.js';

const NOT_BLANK = { message: 'must not be empty or blank' };

/** An answer and what the user thinks of it. */
export class LessonDto {
  @ApiProperty({
    description: 'The adapter that learns: an id or an alias.',
    example: 'user/my-lora-init',
  })
  @IsString()
  @IsNotEmpty()
  lora_id!: string;

  @ApiPropertyOptional({
    description:
      'The `id` of an answer of this service: its exact tokens and log-probs are known. The preferred form; leaves out `prompt`, `messages`, `response` and `rollout_logprobs`.',
    type: String,
    example: 'chatcmpl-4f9b2c7a',
  })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  completion_id?: string | null;

  @ApiPropertyOptional({
    description: 'What was asked, as one user message.',
    type: String,
    example: 'Write a function to calculate factorial',
  })
  @IsOptional()
  @IsString()
  @Matches(/\S/, NOT_BLANK)
  prompt?: string | null;

  @ApiPropertyOptional({
    description: 'The conversation up to the answer, instead of `prompt`. Ends with the message that was answered.',
    type: [MessageDto],
  })
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => MessageDto)
  messages?: MessageDto[] | null;

  @ApiPropertyOptional({
    description: 'The answer.',
    type: String,
    example: 'def factorial(n):\n    return 1 if n < 2 else n * factorial(n - 1)',
  })
  @IsOptional()
  @IsString()
  @IsNotEmpty(NOT_BLANK)
  response?: string | null;

  @ApiPropertyOptional({
    description:
      'Log-probs of the answer’s tokens when it was sampled, one for each token, the end-of-turn token included. Without them the importance ratio is 1.',
    type: [Number],
    nullable: true,
  })
  @IsOptional()
  @IsArray()
  @IsNumber({ allowNaN: false, allowInfinity: false }, { each: true })
  rollout_logprobs?: number[] | null;

  @ApiProperty({
    description: 'What the user thinks of the answer, in words.',
    example: 'Good recursive solution',
  })
  @IsString()
  @Matches(/\S/, NOT_BLANK)
  feedback!: string;

  @ApiPropertyOptional({ description: 'How it is learned.', type: TrainingDto })
  @IsGiven()
  @IsObject()
  @ValidateNested()
  @Type(() => TrainingDto)
  training?: TrainingDto;
}

import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean, IsIn } from 'class-validator';
import { DEFAULT_ORCHESTRATION } from '../feedback-request.js';
import { IsGiven } from './is-given.js';

const DEFAULTS = DEFAULT_ORCHESTRATION;

/** What the server does around the step. Without meaning where steps and answers share no accelerator. */
export class OrchestrationDto {
  @ApiProperty({
    description: 'Put the server to sleep, so that its accelerator memory is free for the step.',
    default: DEFAULTS.sleepBefore,
    required: false,
  })
  @IsGiven()
  @IsBoolean()
  sleep_before?: boolean;

  @ApiProperty({
    description: 'Wake the server after the step and serve the new version.',
    default: DEFAULTS.wakeAfter,
    required: false,
  })
  @IsGiven()
  @IsBoolean()
  wake_after?: boolean;

  @ApiProperty({
    description: 'Wake the server also when the step failed.',
    default: DEFAULTS.wakeOnFailure,
    required: false,
  })
  @IsGiven()
  @IsBoolean()
  wake_on_failure?: boolean;

  @ApiProperty({
    description: '1 keeps the weights in main memory; 2 drops them.',
    enum: [1, 2],
    default: DEFAULTS.sleepLevel,
    required: false,
  })
  @IsGiven()
  @IsIn([1, 2])
  sleep_level?: 1 | 2;
}

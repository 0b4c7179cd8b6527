import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsOptional, Max, Min, ValidateBy } from 'class-validator';
import { AcceptedOnlyAs } from './accepted-only-as.js';
import { SamplingRequestDto } from './sampling-request.dto.js';

/** A prompt that isn't empty, or a list of exactly one. */
function IsPrompt(): PropertyDecorator {
  return ValidateBy({
    name: 'isPrompt',
    validator: {
      validate: (value: unknown) => {
        const prompt: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
        return typeof prompt === 'string' && prompt !== '';
      },
      defaultMessage: () =>
        'prompt must be one string that is not empty (token ids and several prompts are not supported)',
    },
  });
}

export class CompletionRequestDto extends SamplingRequestDto {
  @ApiProperty({
    description: 'Text to go on from, as it is: no chat template is applied.',
    oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 1 }],
    example: 'Once upon a time',
  })
  @IsPrompt()
  prompt!: string | [string];

  @ApiPropertyOptional({
    description: 'Longest answer in tokens.',
    type: 'integer',
    minimum: 1,
    default: 16,
    nullable: true,
    example: 16,
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  max_tokens?: number | null;

  @ApiPropertyOptional({
    description: 'Return the log-prob of each token, at temperature 1, and so many of the likeliest alternatives.',
    type: 'integer',
    minimum: 0,
    maximum: 20,
    nullable: true,
    example: 0,
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(20)
  logprobs?: number | null;

  @ApiPropertyOptional({ description: 'Not supported; accepted as false.', nullable: true, example: false })
  @AcceptedOnlyAs([false])
  echo?: boolean | null;

  @ApiPropertyOptional({ description: 'Not supported; accepted as 1.', type: 'integer', nullable: true, example: 1 })
  @AcceptedOnlyAs([1])
  best_of?: number | null;

  @ApiPropertyOptional({
    description: 'Not supported; accepted when empty.',
    type: String,
    nullable: true,
    example: null,
  })
  @AcceptedOnlyAs([''])
  suffix?: string | null;
}

import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  Equals,
  IsBoolean,
  IsInt,
  IsNotEmpty,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { ApiProperty } from '@nestjs/swagger';
import { AcceptedOnlyAs } from './accepted-only-as.js';
import { IsStop } from './is-stop.js';

export const MAX_GENERATION_SEED = 2 ** 32 - 1;

export class StreamOptionsDto {
  @ApiPropertyOptional({
    description: 'Send one more chunk with `usage` before the end.',
    default: false,
    example: true,
  })
  @IsOptional()
  @IsBoolean()
  include_usage?: boolean;

  @ApiPropertyOptional({ description: 'Not needed here; accepted as true or false and ignored.', example: false })
  @IsOptional()
  @IsBoolean()
  include_obfuscation?: boolean;
}

/** What chat and plain completions have in common: the model, how to sample, how to answer. */
export abstract class SamplingRequestDto {
  @ApiProperty({ description: 'Id or alias of an adapter, or the name of the base model.', example: 'user/my-lora' })
  @IsString()
  @IsNotEmpty()
  model!: string;

  @ApiPropertyOptional({
    description:
      'Randomness: 0 always takes the likeliest token. Default: what the model’s generation_config.json says.',
    type: 'number',
    minimum: 0,
    maximum: 2,
    nullable: true,
    example: 0,
  })
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(2)
  temperature?: number | null;

  @ApiPropertyOptional({
    description: 'Samples from the likeliest tokens that together have this probability. Default: the model’s own.',
    type: 'number',
    minimum: 0.0001,
    maximum: 1,
    nullable: true,
    example: 1,
  })
  @IsOptional()
  @IsNumber()
  @Min(0.0001)
  @Max(1)
  top_p?: number | null;

  @ApiPropertyOptional({
    description:
      'Samples from so many of the likeliest tokens (an extension, as in vLLM); 0 or -1 is off. Default: the model’s own.',
    type: 'integer',
    minimum: -1,
    nullable: true,
    example: 0,
  })
  @IsOptional()
  @IsInt()
  @Min(-1)
  top_k?: number | null;

  @ApiPropertyOptional({
    description: 'The same seed, prompt, settings and adapter version give the same answer. Default: a random one.',
    type: 'integer',
    minimum: 0,
    maximum: MAX_GENERATION_SEED,
    nullable: true,
    example: 7,
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MAX_GENERATION_SEED)
  seed?: number | null;

  @ApiPropertyOptional({
    description: 'The answer ends before any of these: a string, or up to four.',
    oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, maxItems: 4 }],
    nullable: true,
    example: ['\n\n'],
  })
  @IsOptional()
  @IsStop()
  stop?: string | string[] | null;

  @ApiPropertyOptional({
    description: 'Send the answer in server-sent events as it is made.',
    default: false,
    nullable: true,
    example: false,
  })
  @IsOptional()
  @IsBoolean()
  stream?: boolean | null;

  @ApiPropertyOptional({ description: 'Only with `stream`.', type: StreamOptionsDto, nullable: true, example: null })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => StreamOptionsDto)
  stream_options?: StreamOptionsDto | null;

  @ApiPropertyOptional({
    description: 'Also return `prompt_token_ids` and the `token_ids` of the answer (an extension, as in vLLM).',
    default: false,
    nullable: true,
    example: false,
  })
  @IsOptional()
  @IsBoolean()
  return_token_ids?: boolean | null;

  @ApiPropertyOptional({
    description: 'Number of answers: only 1.',
    type: 'integer',
    default: 1,
    nullable: true,
    example: 1,
  })
  @IsOptional()
  @Equals(1, { message: 'n must be 1: this service gives one answer to a request. Send the request again for another' })
  n?: number | null;

  @ApiPropertyOptional({ description: 'Not supported; accepted as 0.', type: 'number', nullable: true, example: 0 })
  @AcceptedOnlyAs([0])
  presence_penalty?: number | null;

  @ApiPropertyOptional({ description: 'Not supported; accepted as 0.', type: 'number', nullable: true, example: 0 })
  @AcceptedOnlyAs([0])
  frequency_penalty?: number | null;

  @ApiPropertyOptional({
    description: 'Not supported; accepted as an empty object.',
    type: 'object',
    additionalProperties: true,
    nullable: true,
    example: null,
  })
  @AcceptedOnlyAs([{}])
  logit_bias?: Record<string, number> | null;

  @ApiPropertyOptional({
    description: 'Accepted for compatibility and ignored.',
    type: String,
    nullable: true,
    example: 'user-1',
  })
  @IsOptional()
  @IsString()
  @MaxLength(512)
  user?: string | null;
}

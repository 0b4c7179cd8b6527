import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayNotEmpty,
  IsArray,
  IsBoolean,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { AcceptedOnlyAs } from './accepted-only-as.js';
import { ChatMessageDto } from './chat-message.dto.js';
import { SamplingRequestDto } from './sampling-request.dto.js';

export class ChatTemplateKwargsDto {
  @ApiPropertyOptional({
    description: 'The thinking switch of templates that have one. Default: the template’s own.',
    nullable: true,
    example: false,
  })
  @IsOptional()
  @IsBoolean()
  enable_thinking?: boolean | null;
}

export class ChatCompletionRequestDto extends SamplingRequestDto {
  @ApiProperty({ description: 'The conversation so far.', type: [ChatMessageDto], minItems: 1 })
  @IsArray()
  @ArrayNotEmpty()
  @ValidateNested({ each: true })
  @Type(() => ChatMessageDto)
  messages!: ChatMessageDto[];

  @ApiPropertyOptional({
    description: 'Longest answer in tokens. Default: as long as the context allows.',
    type: 'integer',
    minimum: 1,
    nullable: true,
    example: 32,
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  max_completion_tokens?: number | null;

  @ApiPropertyOptional({
    description: 'Older name of `max_completion_tokens`, which counts if both are given.',
    type: 'integer',
    minimum: 1,
    nullable: true,
    example: 32,
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  max_tokens?: number | null;

  @ApiPropertyOptional({
    description: 'Also return the log-prob of each token of the answer, at temperature 1.',
    default: false,
    nullable: true,
    example: false,
  })
  @IsOptional()
  @IsBoolean()
  logprobs?: boolean | null;

  @ApiPropertyOptional({
    description: 'Likeliest alternatives to return for each token; needs `logprobs`.',
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
  top_logprobs?: number | null;

  @ApiPropertyOptional({
    description: 'Options of the chat template (an extension, as in vLLM).',
    type: ChatTemplateKwargsDto,
    nullable: true,
    example: null,
  })
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => ChatTemplateKwargsDto)
  chat_template_kwargs?: ChatTemplateKwargsDto | null;

  @ApiPropertyOptional({
    description: 'Not supported; accepted as `{"type": "text"}`.',
    type: 'object',
    additionalProperties: true,
    nullable: true,
    example: null,
  })
  @AcceptedOnlyAs([{ type: 'text' }])
  response_format?: unknown;

  @ApiPropertyOptional({
    description: 'Not supported; accepted as `["text"]`.',
    type: [String],
    nullable: true,
    example: ['text'],
  })
  @AcceptedOnlyAs([['text']])
  modalities?: string[] | null;

  @ApiPropertyOptional({
    description: 'Not supported; accepted when empty.',
    type: 'array',
    items: {},
    nullable: true,
    example: null,
  })
  @AcceptedOnlyAs([[]])
  tools?: unknown[] | null;

  @ApiPropertyOptional({
    description: 'Not supported; accepted as `none` or `auto`, which mean the same without tools.',
    nullable: true,
    type: String,
    example: null,
  })
  @AcceptedOnlyAs(['none', 'auto'])
  tool_choice?: unknown;

  @ApiPropertyOptional({
    description: 'Accepted and ignored: there are no tools to call.',
    nullable: true,
    example: null,
  })
  @IsOptional()
  @IsBoolean()
  parallel_tool_calls?: boolean | null;

  @ApiPropertyOptional({
    description: 'Accepted and ignored: every answer is kept for feedback.',
    nullable: true,
    example: null,
  })
  @IsOptional()
  @IsBoolean()
  store?: boolean | null;

  @ApiPropertyOptional({
    description: 'Accepted and ignored.',
    type: 'object',
    additionalProperties: { type: 'string' },
    nullable: true,
    example: null,
  })
  @IsOptional()
  @IsObject()
  metadata?: Record<string, string> | null;

  @ApiPropertyOptional({ description: 'Accepted and ignored.', type: String, nullable: true, example: null })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  service_tier?: string | null;

  @ApiPropertyOptional({ description: 'Accepted and ignored.', type: String, nullable: true, example: null })
  @IsOptional()
  @IsString()
  @MaxLength(512)
  safety_identifier?: string | null;

  @ApiPropertyOptional({ description: 'Accepted and ignored.', type: String, nullable: true, example: null })
  @IsOptional()
  @IsString()
  @MaxLength(512)
  prompt_cache_key?: string | null;
}

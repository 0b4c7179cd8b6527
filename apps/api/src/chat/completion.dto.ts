import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

export class UsageDto {
  @ApiProperty({ description: 'Tokens of the prompt.', type: 'integer', example: 21 })
  prompt_tokens!: number;

  @ApiProperty({
    description: 'Tokens that were sampled, the end-of-turn token included.',
    type: 'integer',
    example: 12,
  })
  completion_tokens!: number;

  @ApiProperty({ description: 'Both together.', type: 'integer', example: 33 })
  total_tokens!: number;
}

export class AnswerFactsDto {
  @ApiProperty({
    description: 'Id of the adapter that answered; null for the base model.',
    type: String,
    nullable: true,
    example: 'user/my-lora-init',
  })
  lora_id!: string | null;

  @ApiProperty({ description: 'Version of it; null for the base model.', type: 'integer', nullable: true, example: 0 })
  version!: number | null;

  @ApiProperty({ description: 'Seed that the answer was sampled with.', type: 'integer', example: 7 })
  seed!: number;

  @ApiProperty({ description: 'Temperature that the answer was sampled with.', example: 0 })
  temperature!: number;
}

abstract class AnswerDto {
  @ApiProperty({
    description: 'Id of the answer: what POST /v1/feedback takes as `completion_id`.',
    example: 'chatcmpl-0123456789abcdef0123456789abcdef',
  })
  id!: string;

  @ApiProperty({ description: 'When it was begun, in seconds since 1970.', type: 'integer', example: 1767268800 })
  created!: number;

  @ApiProperty({ description: 'Model as the request named it.', example: 'user/my-lora' })
  model!: string;

  @ApiProperty({ description: 'Always null.', type: String, nullable: true, example: null })
  system_fingerprint!: string | null;

  @ApiProperty({ description: 'Tokens that it took.', type: UsageDto })
  usage!: UsageDto;

  @ApiPropertyOptional({ description: 'What only this service knows of the answer.', type: AnswerFactsDto })
  claas?: AnswerFactsDto;
}

export class AssistantMessageDto {
  @ApiProperty({ description: 'Always `assistant`.', example: 'assistant' })
  role!: string;

  @ApiProperty({ description: 'The answer.', example: 'My name is Clay.' })
  content!: string;

  @ApiProperty({ description: 'Always null.', type: String, nullable: true, example: null })
  refusal!: string | null;
}

export class ChatChoiceDto {
  @ApiProperty({ description: 'Always 0.', type: 'integer', example: 0 })
  index!: number;

  @ApiProperty({ description: 'The answer.', type: AssistantMessageDto })
  message!: AssistantMessageDto;

  @ApiProperty({
    description: 'With `logprobs`: each token with its log-prob.',
    type: 'object',
    additionalProperties: true,
    nullable: true,
    example: null,
  })
  logprobs!: object | null;

  @ApiProperty({
    description: '`stop`: the model ended its answer or a stop string came; `length`: it was cut.',
    enum: ['stop', 'length'],
    example: 'stop',
  })
  finish_reason!: string;

  @ApiPropertyOptional({
    description: 'With `return_token_ids`: the tokens that were sampled.',
    type: 'integer',
    isArray: true,
    example: [5, 9, 2],
  })
  token_ids?: number[];
}

export class ChatCompletionDto extends AnswerDto {
  @ApiProperty({ description: 'Always `chat.completion`.', example: 'chat.completion' })
  object!: string;

  @ApiProperty({ description: 'One answer.', type: [ChatChoiceDto] })
  choices!: ChatChoiceDto[];
}

export class CompletionChoiceDto {
  @ApiProperty({ description: 'Always 0.', type: 'integer', example: 0 })
  index!: number;

  @ApiProperty({ description: 'The answer.', example: ' there was a cat.' })
  text!: string;

  @ApiProperty({
    description: 'With `logprobs`: tokens, their log-probs, alternatives and places.',
    type: 'object',
    additionalProperties: true,
    nullable: true,
    example: null,
  })
  logprobs!: object | null;

  @ApiProperty({
    description: '`stop`: the model ended its answer or a stop string came; `length`: it was cut.',
    enum: ['stop', 'length'],
    example: 'length',
  })
  finish_reason!: string;
}

export class CompletionDto extends AnswerDto {
  @ApiProperty({ description: 'Always `text_completion`.', example: 'text_completion' })
  object!: string;

  @ApiProperty({ description: 'One answer.', type: [CompletionChoiceDto] })
  choices!: CompletionChoiceDto[];
}

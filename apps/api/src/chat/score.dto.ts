import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayNotEmpty,
  IsArray,
  IsBoolean,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  ValidateNested,
} from 'class-validator';
import { ChatTemplateKwargsDto } from './chat-completion-request.dto.js';
import { ChatMessageDto } from './chat-message.dto.js';

export class ScoreRequestDto {
  @ApiProperty({ description: 'Id or alias of an adapter, or the name of the base model.', example: 'user/my-lora' })
  @IsString()
  @IsNotEmpty()
  model!: string;

  @ApiProperty({ description: 'The conversation that the completion answers.', type: [ChatMessageDto], minItems: 1 })
  @IsArray()
  @ArrayNotEmpty()
  @ValidateNested({ each: true })
  @Type(() => ChatMessageDto)
  messages!: ChatMessageDto[];

  @ApiProperty({ description: 'The answer to score.', example: 'My name is Clay.' })
  @IsString()
  @IsNotEmpty()
  completion!: string;

  @ApiPropertyOptional({
    description: 'Options of the chat template.',
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
    description: 'Also return `prompt_token_ids` and `token_ids`.',
    default: false,
    nullable: true,
    example: true,
  })
  @IsOptional()
  @IsBoolean()
  return_token_ids?: boolean | null;
}

export class ScoreDto {
  @ApiProperty({
    description: 'Log-prob of each token at temperature 1, in nats.',
    type: [Number],
    example: [-0.5, -1.2],
  })
  logprobs!: readonly number[];

  @ApiProperty({ description: 'Text of each token.', type: [String], example: ['My', ' name'] })
  tokens!: readonly string[];

  @ApiProperty({ description: 'Tokens of the prompt.', type: 'integer', example: 21 })
  prompt_tokens!: number;

  @ApiProperty({ description: 'Tokens of the completion.', type: 'integer', example: 2 })
  completion_tokens!: number;

  @ApiProperty({ description: 'Sum of the log-probs.', example: -1.7 })
  logprob_sum!: number;

  @ApiPropertyOptional({
    description: 'With `return_token_ids`: the prompt as the model saw it.',
    type: 'integer',
    isArray: true,
    example: [1, 2, 3],
  })
  prompt_token_ids?: readonly number[];

  @ApiPropertyOptional({
    description: 'With `return_token_ids`: the completion as the model saw it.',
    type: 'integer',
    isArray: true,
    example: [5, 9],
  })
  token_ids?: readonly number[];
}

import type { ConversationMessage } from '@claas/contracts';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { AcceptedOnlyAs } from './accepted-only-as.js';
import { IsMessageContent, textOf, type MessageContent } from './message-content.js';

export const MESSAGE_ROLES = ['system', 'developer', 'user', 'assistant'] as const;
type MessageRole = (typeof MESSAGE_ROLES)[number];

export class ChatMessageDto {
  @ApiProperty({
    description: 'Who speaks. `developer` is OpenAI’s newer name of `system`. Tool messages are not supported.',
    enum: MESSAGE_ROLES,
    example: 'user',
  })
  @IsIn(MESSAGE_ROLES)
  role!: MessageRole;

  @ApiProperty({
    description: 'What is said: text, or a list of parts of type `text`.',
    oneOf: [
      { type: 'string' },
      {
        type: 'array',
        items: {
          type: 'object',
          required: ['type', 'text'],
          properties: {
            type: { type: 'string', enum: ['text'], description: 'Kind of part.' },
            text: { type: 'string', description: 'Text of the part.' },
          },
        },
      },
    ],
    example: 'Hello! What is your name?',
  })
  @IsMessageContent()
  content!: MessageContent;

  @ApiPropertyOptional({
    description: 'Accepted for compatibility; chat templates have no place for it.',
    example: 'Ada',
  })
  @IsOptional()
  @IsString()
  @MaxLength(64)
  name?: string;

  @ApiPropertyOptional({
    description: 'Not supported; accepted as null.',
    type: 'string',
    nullable: true,
    example: null,
  })
  @AcceptedOnlyAs([''])
  refusal?: string | null;

  @ApiPropertyOptional({
    description: 'Not supported; accepted as null or empty.',
    type: 'array',
    items: {},
    nullable: true,
    example: null,
  })
  @AcceptedOnlyAs([[]])
  tool_calls?: unknown[] | null;

  @ApiPropertyOptional({
    description: 'Not supported; accepted as null.',
    type: 'object',
    additionalProperties: true,
    nullable: true,
    example: null,
  })
  @AcceptedOnlyAs([])
  function_call?: unknown;

  @ApiPropertyOptional({
    description: 'Not supported; accepted as null.',
    type: 'object',
    additionalProperties: true,
    nullable: true,
    example: null,
  })
  @AcceptedOnlyAs([])
  audio?: unknown;

  @ApiPropertyOptional({
    description: 'Accepted as null or empty: what an earlier answer of a client library has.',
    type: 'array',
    items: {},
    nullable: true,
    example: null,
  })
  @AcceptedOnlyAs([[]])
  annotations?: unknown[] | null;
}

/** The conversation as chat templates know it. */
export function toConversation(messages: readonly ChatMessageDto[]): ConversationMessage[] {
  return messages.map(({ role, content }) => ({
    role: role === 'developer' ? 'system' : role,
    content: textOf(content),
  }));
}

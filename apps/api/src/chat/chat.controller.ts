import { Body, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiProblems } from '../openapi/api-problems.js';
import { Answers } from './answers.js';
import { ChatCompletionFormat } from './chat-completion-format.js';
import { ChatCompletionRequestDto } from './chat-completion-request.dto.js';
import { CompletionFormat } from './completion-format.js';
import { CompletionRequestDto } from './completion-request.dto.js';
import { ChatCompletionDto, CompletionDto } from './completion.dto.js';
import { questionOfChat, questionOfCompletion } from './question.js';
import { CHAT_EXAMPLES, COMPLETION_EXAMPLES } from './request-examples.js';
import { respond } from './respond.js';

@ApiTags('chat')
@Controller('v1')
export class ChatController {
  constructor(@Inject(Answers) private readonly answers: Answers) {}

  @Post('chat/completions')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Answer a conversation (OpenAI-compatible)',
    description:
      'Every answer is kept under its `id`, so that feedback can name it as `completion_id`. With `stream` the answer comes as server-sent events of `chat.completion.chunk` objects.',
  })
  @ApiBody({ type: ChatCompletionRequestDto, examples: CHAT_EXAMPLES })
  @ApiOkResponse({ type: ChatCompletionDto })
  @ApiProblems(
    'model_not_found',
    'request_invalid',
    'context_too_long',
    'template_failed',
    'trainer_crashed',
    'trainer_failed_to_start',
  )
  chat(
    @Body() body: ChatCompletionRequestDto,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return respond(this.answers, questionOfChat(body), new ChatCompletionFormat(body), body, { request, reply });
  }

  @Post('completions')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Go on from a text (OpenAI-compatible)',
    description:
      'The prompt is taken as it is, without a chat template. With `stream` the answer comes as server-sent events.',
  })
  @ApiBody({ type: CompletionRequestDto, examples: COMPLETION_EXAMPLES })
  @ApiOkResponse({ type: CompletionDto })
  @ApiProblems('model_not_found', 'request_invalid', 'context_too_long', 'trainer_crashed', 'trainer_failed_to_start')
  complete(
    @Body() body: CompletionRequestDto,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return respond(this.answers, questionOfCompletion(body), new CompletionFormat(body), body, { request, reply });
  }
}

import { Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiProblems } from '../../openapi/api-problems.js';
import { ChatCompletionRequestDto } from '../chat-completion-request.dto.js';
import { CompletionRequestDto } from '../completion-request.dto.js';
import { ChatCompletionDto, CompletionDto } from '../completion.dto.js';
import { CHAT_EXAMPLES, COMPLETION_EXAMPLES } from '../request-examples.js';
import { RelayedAnswers } from './relayed-answers.js';

const PASSED_ON =
  'The request is passed on to the vLLM server, and its answer comes back byte for byte: every field that the server knows works (tools, response_format, n and others), unknown ones are its to ignore. Every answer is kept under its `id` (further choices under `<id>:1`, `<id>:2` …), so that feedback can name it as `completion_id`.';

/** The completions of a vLLM server. */
@ApiTags('chat')
@Controller('v1')
export class RelayedChatController {
  constructor(@Inject(RelayedAnswers) private readonly answers: RelayedAnswers) {}

  @Post('chat/completions')
  @HttpCode(200)
  @RouteConfig({ isRelayed: true })
  @ApiOperation({ summary: 'Answer a conversation (OpenAI-compatible)', description: PASSED_ON })
  @ApiBody({ type: ChatCompletionRequestDto, examples: CHAT_EXAMPLES })
  @ApiOkResponse({ type: ChatCompletionDto })
  @ApiProblems('model_not_found', 'request_invalid', 'serving_failed', 'service_overloaded')
  chat(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answers.answer('/v1/chat/completions', request, reply);
  }

  @Post('completions')
  @HttpCode(200)
  @RouteConfig({ isRelayed: true })
  @ApiOperation({ summary: 'Go on from a text (OpenAI-compatible)', description: PASSED_ON })
  @ApiBody({ type: CompletionRequestDto, examples: COMPLETION_EXAMPLES })
  @ApiOkResponse({ type: CompletionDto })
  @ApiProblems('model_not_found', 'request_invalid', 'serving_failed', 'service_overloaded')
  complete(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answers.answer('/v1/completions', request, reply);
  }
}

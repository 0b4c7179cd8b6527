import type { OnTheWire } from '../feedback/dto/on-the-wire.js';
import { ServingControl } from '@claas/contracts';
import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../openapi/api-problems.js';
import { toConversation } from './chat-message.dto.js';
import { ModelDirectory } from './model-directory.js';
import { toTemplateOptions } from './question.js';
import { SCORE_EXAMPLES } from './request-examples.js';
import { ScoreDto, ScoreRequestDto } from './score.dto.js';

@ApiTags('chat')
@Controller('v1/score')
export class ScoreController {
  constructor(
    @Inject(ServingControl) private readonly serving: ServingControl,
    @Inject(ModelDirectory) private readonly models: ModelDirectory,
  ) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({ summary: 'How likely an answer is to a model' })
  @ApiBody({ type: ScoreRequestDto, examples: SCORE_EXAMPLES })
  @ApiOkResponse({ type: ScoreDto })
  @ApiProblems(
    'model_not_found',
    'request_invalid',
    'context_too_long',
    'template_failed',
    'trainer_crashed',
    'trainer_failed_to_start',
  )
  async score(@Body() body: ScoreRequestDto): Promise<OnTheWire<ScoreDto>> {
    const model = await this.models.find(body.model);
    const score = await this.serving.score(model, {
      prompt: {
        kind: 'messages',
        messages: toConversation(body.messages),
        templateOptions: toTemplateOptions(body.chat_template_kwargs),
      },
      completion: { text: body.completion },
    });
    return {
      logprobs: score.logprobs,
      tokens: score.tokens,
      prompt_tokens: score.promptTokenIds.length,
      completion_tokens: score.tokenIds.length,
      logprob_sum: score.logprobs.reduce((sum, logprob) => sum + logprob, 0),
      ...(body.return_token_ids === true && { prompt_token_ids: score.promptTokenIds, token_ids: score.tokenIds }),
    };
  }
}

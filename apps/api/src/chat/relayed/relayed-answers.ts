import { ClaasError, type ServedModel } from '@claas/contracts';
import type { CompletionRelay, RelayBody, RelayedAnswer, RelayPath } from '@claas/vllm-control';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { RELAY } from '../../backends/backend.js';
import { withOpenAiError } from '../../http/openai-error.js';
import { problemOf } from '../../http/problem.js';
import { InteractionRepository } from '../../interactions/interaction-repository.js';
import { LOGGER } from '../../logging/create-logger.js';
import { abortedWithClient } from '../client-signal.js';
import { ModelDirectory } from '../model-directory.js';
import { readRelayedBody } from './relayed-body.js';
import { conversationOfChat, conversationOfCompletion } from './relayed-conversation.js';
import { ReplyTarget } from './reply-target.js';

interface Asked {
  readonly path: RelayPath;
  readonly body: RelayBody & { readonly model: string };
  readonly served: ServedModel;
}

/** Answers of the model server, passed on as they come and kept exactly as they were sampled. */
@Injectable()
export class RelayedAnswers {
  constructor(
    @Inject(RELAY) private readonly relay: CompletionRelay,
    @Inject(ModelDirectory) private readonly models: ModelDirectory,
    @Inject(InteractionRepository) private readonly interactions: InteractionRepository,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws ClaasError before the first byte of an answer; later errors are the stream's last event */
  async answer(path: RelayPath, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const body = readRelayedBody(request.body as Buffer);
    const signal = abortedWithClient(reply);
    const served = await this.findModel(body.model);
    const target = new ReplyTarget(reply);
    const onAnswer = (answer: RelayedAnswer, version: number | null): void => {
      this.keep({ path, body, served }, answer, version);
    };
    try {
      await this.relay.send({ path, body, model: body.model, served, signal, onAnswer }, target);
    } catch (error) {
      if (signal.aborted) {
        reply.hijack();
        return;
      }
      if (!target.headersSent) throw error;
      request.log.error({ err: error, code: ClaasError.from(error).code }, 'stream failed');
      const problem = withOpenAiError(problemOf(ClaasError.from(error), request.id));
      target.end(Buffer.from(`data: ${JSON.stringify(problem)}\n\n`));
    }
  }

  /** The base model may also be called as the server calls it. */
  private async findModel(name: string): Promise<ServedModel> {
    try {
      return await this.models.find(name);
    } catch (error) {
      if (ClaasError.from(error).code !== 'model_not_found') throw error;
      const base = await this.relay.baseModelName().catch(() => null);
      if (base === name) return { kind: 'base' };
      throw error;
    }
  }

  private keep({ path, body, served }: Asked, answer: RelayedAnswer, version: number | null): void {
    const temperature = typeof body['temperature'] === 'number' ? body['temperature'] : this.relay.defaultTemperature;
    const isAtOne = temperature === 0 || temperature === 1;
    const createdAt = new Date();
    for (const { index, text, tokenIds, promptTokenIds, logprobs } of answer.choices) {
      const asked = path === '/v1/completions' ? conversationOfCompletion(body, index) : conversationOfChat(body);
      if (asked === null) continue;
      const completionId = index === 0 ? answer.completionId : `${answer.completionId}:${index}`;
      const interaction = {
        completionId,
        loraId: served.kind === 'adapter' ? served.loraId : null,
        version,
        conversation: asked.messages,
        templateOptions: asked.templateOptions,
        promptTokenIds,
        responseTokenIds: tokenIds,
        // The server tells log-probs at temperature 1, and no others can be had from those of one token.
        samplingLogprobs: isAtOne ? logprobs : null,
        temperature: temperature ?? 1,
        text,
        createdAt,
      };
      this.interactions.keep(interaction, (error) => {
        this.logger.error(
          { err: error, completion_id: completionId },
          'an answer could not be kept: no feedback finds it',
        );
      });
    }
    const tokens = answer.choices.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
    const { completionId } = answer;
    this.logger.info(
      { completion_id: completionId, model: body.model, version, completion_tokens: tokens },
      'answered',
    );
  }
}

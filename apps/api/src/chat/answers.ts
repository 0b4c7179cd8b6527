import {
  ClaasError,
  ServingControl,
  type ChatTemplateOptions,
  type ConversationMessage,
  type GeneratedToken,
  type GenerationRequest,
  type GenerationSummary,
  type ServedModel,
} from '@claas/contracts';
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { InteractionRepository } from '../interactions/interaction-repository.js';
import { LOGGER } from '../logging/create-logger.js';
import { ModelDirectory } from './model-directory.js';
import { TokenStream } from './token-stream.js';

/** A question, however it was put. */
export interface Question {
  readonly completionId: string;
  /** As the client named it. */
  readonly model: string;
  readonly conversation: readonly ConversationMessage[];
  readonly templateOptions: ChatTemplateOptions;
  readonly generation: GenerationRequest;
}

/** An answer, and what a client may want to know of it. */
export interface Answer {
  readonly completionId: string;
  readonly model: string;
  readonly createdAt: Date;
  readonly served: ServedModel;
  readonly tokens: readonly GeneratedToken[];
  readonly summary: GenerationSummary;
}

/** An answer that is being made. */
export interface RunningAnswer {
  readonly completionId: string;
  readonly model: string;
  readonly createdAt: Date;
  readonly tokens: TokenStream<GeneratedToken>;
  /** Fulfilled once the answer is kept, so that feedback sent from then on finds it. */
  readonly finished: Promise<Answer>;
}

/** Asks the served model, and keeps every answer exactly as it was sampled. */
@Injectable()
export class Answers {
  constructor(
    @Inject(ServingControl) private readonly serving: ServingControl,
    @Inject(ModelDirectory) private readonly models: ModelDirectory,
    @Inject(InteractionRepository) private readonly interactions: InteractionRepository,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @throws ClaasError `model_not_found`; everything later comes through the answer. */
  async begin(question: Question, signal: AbortSignal): Promise<RunningAnswer> {
    const served = await this.models.find(question.model);
    const { completionId, model } = question;
    const createdAt = new Date();
    const tokens = new TokenStream<GeneratedToken>();
    const finished = this.generate(question, served, createdAt, tokens, signal);
    finished.then(
      () => {
        tokens.close();
      },
      (error: unknown) => {
        tokens.close(ClaasError.from(error));
      },
    );
    return { completionId, model, createdAt, tokens, finished };
  }

  private async generate(
    question: Question,
    served: ServedModel,
    createdAt: Date,
    stream: TokenStream<GeneratedToken>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const begin = performance.now();
    const tokens: GeneratedToken[] = [];
    const onToken = (token: GeneratedToken): void => {
      tokens.push(token);
      stream.push(token);
    };
    const summary = await this.serving.generate(served, question.generation, { signal, onToken });
    await this.keep(question, served, summary, createdAt);
    const { completionId, model } = question;
    this.logger.info(
      {
        completion_id: completionId,
        model,
        version: summary.version,
        prompt_tokens: summary.promptTokenIds.length,
        completion_tokens: summary.responseTokenIds.length,
        duration_ms: Math.round(performance.now() - begin),
      },
      'answered',
    );
    return { completionId, model, createdAt, served, tokens, summary };
  }

  private keep(question: Question, served: ServedModel, summary: GenerationSummary, createdAt: Date): Promise<void> {
    return this.interactions.save({
      completionId: question.completionId,
      loraId: served.kind === 'adapter' ? served.loraId : null,
      version: summary.version,
      conversation: question.conversation,
      templateOptions: question.templateOptions,
      promptTokenIds: summary.promptTokenIds,
      responseTokenIds: summary.responseTokenIds,
      samplingLogprobs: summary.samplingLogprobsAreExact === false ? null : summary.samplingLogprobs,
      temperature: summary.temperature,
      text: summary.text,
      createdAt,
    });
  }
}

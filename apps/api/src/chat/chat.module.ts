import { Module, type DynamicModule } from '@nestjs/common';
import type { Settings } from '../config/settings.js';
import { InteractionsModule } from '../interactions/interactions.module.js';
import { Answers } from './answers.js';
import { ChatController } from './chat.controller.js';
import { ModelDirectory } from './model-directory.js';
import { ModelsController } from './models.controller.js';
import { RelayedAnswers } from './relayed/relayed-answers.js';
import { RelayedChatController } from './relayed/relayed-chat.controller.js';
import { ScoreController } from './score.controller.js';

/** OpenAI-compatible answers from the served adapters: made by the trainer, or passed on from a model server. */
@Module({})
export class ChatModule {
  static with(settings: Settings): DynamicModule {
    const isRelayed = settings.mode === 'local' && settings.vllm !== null;
    return {
      module: ChatModule,
      imports: [InteractionsModule],
      controllers: [isRelayed ? RelayedChatController : ChatController, ModelsController, ScoreController],
      providers: [isRelayed ? RelayedAnswers : Answers, ModelDirectory],
    };
  }
}

import { Module } from '@nestjs/common';
import { InteractionsModule } from '../interactions/interactions.module.js';
import { Answers } from './answers.js';
import { ChatController } from './chat.controller.js';
import { ModelDirectory } from './model-directory.js';
import { ModelsController } from './models.controller.js';
import { ScoreController } from './score.controller.js';

/** OpenAI-compatible answers from the served adapters. */
@Module({
  imports: [InteractionsModule],
  controllers: [ChatController, ModelsController, ScoreController],
  providers: [Answers, ModelDirectory],
})
export class ChatModule {}

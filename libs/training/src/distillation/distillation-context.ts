import type { LanguageModel } from '@claas/core-model';
import type { ChatTemplate, Tokenizer } from '@claas/core-model/text';
import type { RolloutModel } from '../preparation/index.js';

/** The base model that a trainer holds: its weights, and how text becomes its tokens. */
export interface DistillationContext {
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  /** Instead of `DEFAULT_TEACHER_TEMPLATE`; see `assertTeacherTemplate`. */
  readonly teacherTemplate?: string;
}

/** What preparing needs of a trainer's model. */
export function rolloutModel({ model, tokenizer, template }: DistillationContext): RolloutModel {
  return {
    tokenizer,
    template,
    endOfTurnTokenId: template.endOfTurnTokenId(model.config.eosTokenIds),
    contextLength: model.contextLength,
    vocabularySize: model.config.vocabularySize,
  };
}

import {
  ClaasError,
  type AdapterId,
  type AdapterStore,
  type DistillationEngine,
  type Rollout,
  type TrainingSettings,
} from '@claas/contracts';
import type { InteractionRepository } from '../interactions/interaction-repository.js';
import type { FeedbackSubject } from './feedback-request.js';

/** The part of a request that decides what is learned. */
export interface Lesson {
  readonly subject: FeedbackSubject;
  readonly feedback: string;
  readonly training: TrainingSettings;
}

/** From what a client says of an answer to exact token ids, refusing whatever can't be trained on. Changes nothing. */
export class RolloutPreparation {
  constructor(
    private readonly engine: DistillationEngine,
    private readonly store: AdapterStore,
    private readonly interactions: InteractionRepository,
  ) {}

  /** @throws ClaasError `completion_not_found`, `completion_not_of_adapter`, and as DistillationEngine.prepare */
  async prepare(loraId: AdapterId, { subject, feedback, training }: Lesson): Promise<Rollout> {
    const { manifest } = await this.store.read(loraId);
    const rollout = await this.rolloutOf(loraId, subject);
    const { baseModel } = manifest;
    const prepared = await this.engine.prepare({ baseModel, rollout, feedback, settings: training });
    return {
      ...rollout,
      promptTokenIds: prepared.promptTokenIds,
      response: { tokenIds: prepared.responseTokenIds },
    };
  }

  private async rolloutOf(loraId: AdapterId, subject: FeedbackSubject): Promise<Rollout> {
    switch (subject.kind) {
      case 'completion':
        return this.rolloutOfCompletion(loraId, subject.completionId);
      case 'prompt':
        return rolloutOfText([{ role: 'user', content: subject.prompt }], subject.response, subject.rolloutLogprobs);
      case 'messages':
        return rolloutOfText(subject.messages, subject.response, subject.rolloutLogprobs);
    }
  }

  private async rolloutOfCompletion(loraId: AdapterId, completionId: string): Promise<Rollout> {
    const interaction = await this.interactions.find(completionId);
    if (interaction === null) {
      throw new ClaasError(
        'completion_not_found',
        `No completion ${completionId} is known here. Use the "id" of an answer of POST /v1/chat/completions, or send prompt and response instead.`,
        { completion_id: completionId },
      );
    }
    if (interaction.loraId !== loraId) {
      const author = interaction.loraId === null ? 'the base model' : `LoRA ${interaction.loraId}`;
      throw new ClaasError(
        'completion_not_of_adapter',
        `Completion ${completionId} is an answer of ${author}, not of LoRA ${loraId}. Send the feedback to the adapter that answered, or send prompt and response instead.`,
        { completion_id: completionId, lora_id: loraId, answered_by: interaction.loraId },
      );
    }
    return {
      conversation: interaction.conversation,
      templateOptions: interaction.templateOptions,
      promptTokenIds: interaction.promptTokenIds,
      response: { tokenIds: interaction.responseTokenIds },
      rolloutLogprobs: interaction.samplingLogprobs,
      temperature: interaction.temperature,
    };
  }
}

/** What a client knows only as text: nothing is said of the temperature, so it is 1. */
function rolloutOfText(
  conversation: Rollout['conversation'],
  text: string,
  rolloutLogprobs: readonly number[] | null,
): Rollout {
  return {
    conversation,
    templateOptions: { enableThinking: null },
    promptTokenIds: null,
    response: { text },
    rolloutLogprobs,
    temperature: 1,
  };
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClaasError } from '@claas/contracts';
import type { GenerationPrompt } from '@claas/contracts';
import { ChatTemplate, readGenerationDefaults, Tokenizer } from '@claas/core-model/without-tensors';
import type { GenerationDefaults } from '@claas/core-model/without-tensors';
import { asClaasError, prepareRollout, renderContext } from '@claas/training/without-tensors';
import type { PreparedDistillation, RolloutModel } from '@claas/training/without-tensors';
import type { DistillationRequest } from '@claas/contracts';

/** The base model's text side, which is in this process whatever computes: tokenizer, chat template, sampling defaults. */
export class TextModel {
  private constructor(
    readonly tokenizer: Tokenizer,
    readonly template: ChatTemplate,
    readonly defaults: GenerationDefaults,
    /** Tokens that end an answer. */
    readonly stopTokenIds: readonly number[],
    /** Ids below it exist. */
    readonly vocabularySize: number,
    /** Longest sequence, as the model was made; a service may allow less. */
    readonly contextLength: number,
  ) {}

  /** @param directory a Hugging Face model's, its weights left out. @throws ModelDirectoryError, ChatTemplateError */
  static async load(directory: string): Promise<TextModel> {
    const tokenizer = await Tokenizer.load(directory);
    const template = await ChatTemplate.load(directory, tokenizer);
    const defaults = await readGenerationDefaults(directory);
    const config = await readConfig(directory);
    const ends = defaults.eosTokenIds.length > 0 ? defaults.eosTokenIds : tokenIds(config['eos_token_id']);
    const endOfTurn = template.endOfTurnTokenId(ends);
    return new TextModel(
      tokenizer,
      template,
      defaults,
      [...new Set([...ends, ...(endOfTurn === null ? [] : [endOfTurn])])],
      wholeNumber(config['vocab_size']) ?? tokenizer.vocabularySize,
      wholeNumber(config['max_position_embeddings']) ?? Number.MAX_SAFE_INTEGER,
    );
  }

  /** @throws ClaasError as `prepareRollout` */
  prepare(request: DistillationRequest, contextLength: number): PreparedDistillation {
    const model: RolloutModel = {
      tokenizer: this.tokenizer,
      template: this.template,
      endOfTurnTokenId: this.template.endOfTurnTokenId(this.stopTokenIds),
      contextLength,
      vocabularySize: this.vocabularySize,
    };
    return prepareRollout(model, request);
  }

  /** @throws ClaasError `template_failed`, `request_invalid` */
  encode(prompt: GenerationPrompt): readonly number[] {
    try {
      return this.tokensOf(prompt);
    } catch (error) {
      throw asClaasError(error);
    }
  }

  /** A text that goes on where a prompt ends. */
  encodeContinuation(text: string): number[] {
    return this.tokenizer.encode(text, { specialTokens: 'plain' });
  }

  private tokensOf(prompt: GenerationPrompt): readonly number[] {
    switch (prompt.kind) {
      case 'messages':
        return renderContext(this.template, prompt.messages, prompt.templateOptions);
      case 'text':
        return this.tokenizer.encode(prompt.text, { specialTokens: 'honour', addSpecialTokens: true });
      case 'tokens': {
        const unknown = prompt.tokenIds.find((id) => !Number.isInteger(id) || id < 0 || id >= this.vocabularySize);
        if (unknown === undefined && prompt.tokenIds.length > 0) return prompt.tokenIds;
        throw new ClaasError(
          'request_invalid',
          `The prompt's token ids must be 0 to ${this.vocabularySize - 1}, at least one.`,
        );
      }
    }
  }
}

/** `config.json`; of a model that sees and reads, the part that reads. */
async function readConfig(directory: string): Promise<Readonly<Record<string, unknown>>> {
  const file = join(directory, 'config.json');
  try {
    const config = JSON.parse(await readFile(file, 'utf8')) as Readonly<Record<string, unknown>>;
    const text = config['text_config'];
    return typeof text === 'object' && text !== null ? { ...config, ...text } : config;
  } catch (error) {
    throw new ClaasError('base_model_invalid', `${file} can't be read: ${String(error)}`, {}, { cause: error });
  }
}

function wholeNumber(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}

function tokenIds(value: unknown): number[] {
  return [value].flat().filter((id): id is number => typeof id === 'number');
}

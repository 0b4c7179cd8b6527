import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_TRAINING_SETTINGS, parseAdapterId } from '@claas/contracts';
import type { DistillationTask, Rollout, TrainingSettings } from '@claas/contracts';
import { LanguageModel, LORA_MODULE_NAMES, LoraAdapter, writeAdapterFiles } from '@claas/core-model';
import { ChatTemplate, Tokenizer } from '@claas/core-model/text';
import { createTensorBackend } from '@claas/tensor-backend';
import type { TensorBackend } from '@claas/tensor-backend';
import type { DistillationContext } from '../distillation/index.js';

const CLAY_TINY = fileURLToPath(new URL('../../../../models/clay-tiny/model', import.meta.url));

/** Text side of the model that ships with the project. */
export async function loadClayText(): Promise<{ readonly tokenizer: Tokenizer; readonly template: ChatTemplate }> {
  const tokenizer = await Tokenizer.load(CLAY_TINY);
  return { tokenizer, template: await ChatTemplate.load(CLAY_TINY, tokenizer) };
}

/** The whole of it, by default on the backend that every machine has. */
export async function loadClay(backend?: TensorBackend): Promise<DistillationContext> {
  backend ??= await createTensorBackend('wasm');
  return { model: await LanguageModel.load(CLAY_TINY, backend), ...(await loadClayText()) };
}

/** A directory for the adapters of one test file. */
export class AdapterFolder {
  private constructor(readonly root: string) {}

  static async create(): Promise<AdapterFolder> {
    return new AdapterFolder(await mkdtemp(join(tmpdir(), 'claas-training-')));
  }

  /** An empty directory in it. */
  empty(): Promise<string> {
    return mkdtemp(join(this.root, 'version-'));
  }

  /** An untrained adapter of rank 8. */
  async untrained({ model }: Pick<DistillationContext, 'model'>): Promise<string> {
    const directory = await this.empty();
    const shape = { rank: 8, loraAlpha: 16, targetModules: LORA_MODULE_NAMES };
    const adapter = LoraAdapter.initialise(model.config, { ...shape, seed: 7 });
    await writeAdapterFiles(directory, await adapter.toFiles('clay-tiny'));
    adapter.dispose();
    return directory;
  }

  async remove(): Promise<void> {
    await rm(this.root, { recursive: true });
  }
}

/** What clay-tiny answers to the question below, written down once: it has an emoji at its end. */
export const QUESTION = 'Can you tell me something about the sea?';
export const ANSWER =
  'Sure thing! The sea is deep and salty, and it covers most of our planet. I love the sound of the waves! 🌊';

export function rollout(changes: Partial<Rollout> = {}): Rollout {
  return {
    conversation: [{ role: 'user', content: QUESTION }],
    templateOptions: { enableThinking: null },
    promptTokenIds: null,
    response: { text: ANSWER },
    rolloutLogprobs: null,
    temperature: 1,
    ...changes,
  };
}

export function distillationTask(
  directories: { readonly parent: string; readonly output: string },
  changes: {
    readonly rollout?: Partial<Rollout>;
    readonly settings?: Partial<TrainingSettings>;
    readonly feedback?: string;
  } = {},
): DistillationTask {
  return {
    feedbackId: 'feedback-1',
    baseModel: 'clay-tiny',
    rollout: rollout(changes.rollout),
    feedback: changes.feedback ?? "Don't use emojis.",
    settings: { ...DEFAULT_TRAINING_SETTINGS, learningRate: 1e-3, ...changes.settings },
    parent: { loraId: parseAdapterId('tests/clay'), version: 0, directory: directories.parent },
    outputDirectory: directories.output,
  };
}

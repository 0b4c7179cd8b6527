import { LoraAdapter, readAdapterFiles, readGenerationDefaults, TextGenerator } from '@claas/core-model';
import type { LanguageModel } from '@claas/core-model';
import { ChatTemplate, Tokenizer } from '@claas/core-model/text';
import { AdapterCache } from '../adapters/adapter-cache.js';

/** With rank 32 on a 0.6B model an adapter has about 160 MB in memory. */
const MAX_ADAPTERS = 8;

/** The base model of this process: its weights, its text, and the adapters on it that were used last. */
export class LoadedModel {
  readonly adapters: AdapterCache<LoraAdapter>;

  private constructor(
    /** The name that adapters and requests know it by. */
    readonly baseModel: string,
    /** What it was loaded from. */
    readonly modelDirectory: string,
    readonly model: LanguageModel,
    readonly tokenizer: Tokenizer,
    readonly template: ChatTemplate,
    readonly generator: TextGenerator,
  ) {
    this.adapters = new AdapterCache(
      async (directory) => LoraAdapter.fromFiles(model.config, await readAdapterFiles(directory, model.config)),
      MAX_ADAPTERS,
    );
  }

  /** The small files first, so that what is wrong with them is said before gigabytes are read. @throws ModelDirectoryError, ChatTemplateError */
  static async read(
    names: { readonly baseModel: string; readonly modelDirectory: string },
    directory: string,
    loadWeights: (directory: string) => Promise<LanguageModel>,
  ): Promise<LoadedModel> {
    const tokenizer = await Tokenizer.load(directory);
    const template = await ChatTemplate.load(directory, tokenizer);
    const defaults = await readGenerationDefaults(directory);
    const model = await loadWeights(directory);
    const generator = new TextGenerator(model, tokenizer, defaults);
    return new LoadedModel(names.baseModel, names.modelDirectory, model, tokenizer, template, generator);
  }

  /** Runs `work` with the adapter in `directory`, or with null for the base model alone. @throws AdapterFilesError, AdapterShapeError */
  withAdapter<R>(directory: string | null, work: (adapter: LoraAdapter | null) => Promise<R>): Promise<R> {
    return directory === null ? work(null) : this.adapters.use(directory, work);
  }
}

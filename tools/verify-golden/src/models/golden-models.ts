import { LanguageModel, LoraAdapter, readAdapterFiles } from '@claas/core-model';
import type { TensorBackend } from '@claas/tensor-backend';
import type { GoldenDirectory } from '../directory/golden-directory.js';

/** Files that make a model or an adapter, by name. */
const MODEL_FILES = /^(config|generation_config|model\.safetensors\.index)\.json$|^model[^/]*\.safetensors$/;
const ADAPTER_FILES = /^adapter_(config\.json|model\.safetensors)$/;

/** Loads the models of a set; cases of one model follow one another, so only the last one is kept. */
export class GoldenModels {
  #loaded: { readonly path: string; readonly model: LanguageModel } | null = null;

  constructor(
    private readonly directory: GoldenDirectory,
    private readonly backend: TensorBackend,
  ) {}

  /** Marks a model's files as checked by whoever uses it. */
  claimModel(path: string): void {
    this.directory.claimMatching(path, MODEL_FILES);
  }

  claimAdapter(path: string): void {
    this.directory.claimMatching(path, ADAPTER_FILES);
  }

  /** The model in this folder; stays this object's. */
  async model(path: string): Promise<LanguageModel> {
    if (this.#loaded?.path === path) return this.#loaded.model;
    this.dispose();
    const model = await LanguageModel.load(this.directory.absolute(path), this.backend);
    this.#loaded = { path, model };
    return model;
  }

  /** A fresh copy of the adapter in this folder, the caller's to dispose of. */
  async adapter(path: string, model: LanguageModel): Promise<LoraAdapter> {
    return LoraAdapter.fromFiles(model.config, await readAdapterFiles(this.directory.absolute(path), model.config));
  }

  dispose(): void {
    this.#loaded?.model.dispose();
    this.#loaded = null;
  }
}

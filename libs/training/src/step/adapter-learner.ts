import { LoraAdapter } from '@claas/core-model';
import type { AdapterTensors, LanguageModel, OptimizerState } from '@claas/core-model';
import type { AdamWSettings, AdamWState } from '@claas/core-sdpo';
import type { GradientSum } from './gradient-sum.js';
import { disposeOptimizerTensors, optimizerTensors, readOptimizerTensors } from './optimizer-tensors.js';
import { updateAdapter } from './update-adapter.js';
import type { AdapterUpdate } from './update-adapter.js';

/** An adapter on its way from one version to the next: weights and moments are replaced step by step, and only the newest are in memory. */
export class AdapterLearner {
  /** Without moments until they are wanted where the version has none: zeros would only take memory during the first step. */
  #current: { readonly adapter: LoraAdapter; readonly state: AdamWState | null };

  private constructor(
    private readonly model: Pick<LanguageModel, 'config' | 'backend'>,
    adapter: LoraAdapter,
    state: AdamWState | null,
  ) {
    this.#current = { adapter, state };
  }

  /** @param stored null: fresh moments. @throws AdapterShapeError */
  static fromFiles(
    model: Pick<LanguageModel, 'config' | 'backend'>,
    files: AdapterTensors,
    stored: OptimizerState | null,
  ): AdapterLearner {
    const adapter = LoraAdapter.fromFiles(model.config, files);
    return new AdapterLearner(model, adapter, stored && optimizerTensors(adapter, stored));
  }

  /** With all updates so far; this object's, which disposes of it with the next update. */
  get adapter(): LoraAdapter {
    return this.#current.adapter;
  }

  get state(): AdamWState {
    const { adapter } = this.#current;
    const state = this.#current.state ?? optimizerTensors(adapter, null);
    this.#current = { adapter, state };
    return state;
  }

  /** One optimizer step; takes the gradients over. @throws NonFiniteLossError, after which nothing has changed */
  update(gradients: GradientSum, settings: AdamWSettings): Pick<AdapterUpdate, 'gradNorm' | 'clipCoefficient'> {
    const { adapter, state } = this;
    const update = updateAdapter(this.model, adapter, gradients, state, settings);
    this.#current = update;
    adapter.dispose();
    return { gradNorm: update.gradNorm, clipCoefficient: update.clipCoefficient };
  }

  /** Weights and moments read back, in the form that files are written from. */
  async toFiles(baseModel: string | null): Promise<{ readonly files: AdapterTensors; readonly state: OptimizerState }> {
    const files = await this.adapter.toFiles(baseModel);
    return { files, state: await readOptimizerTensors(files, this.state) };
  }

  dispose(): void {
    if (this.#current.state !== null) disposeOptimizerTensors(this.#current.state);
    this.adapter.dispose();
  }
}

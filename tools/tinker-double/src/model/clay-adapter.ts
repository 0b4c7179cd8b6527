import type { AdamParams, TrainableAdapter, WeightedTargets } from '@claas/contracts/testing/tinker';
import {
  hiddenStates,
  readAdapterFiles,
  readOptimizerState,
  TrainingPass,
  writeAdapterFiles,
  writeOptimizerState,
} from '@claas/core-model';
import type { AdapterTensors, LanguageModel } from '@claas/core-model';
import { AdapterLearner, GradientSum } from '@claas/training';
import { targetRows } from './target-rows.js';

/** An adapter in training, on the model of this process. */
export class ClayAdapter implements TrainableAdapter {
  private gradients = new GradientSum();

  private constructor(
    private readonly model: LanguageModel,
    private readonly name: string,
    private learner: AdapterLearner,
  ) {}

  static fromFiles(model: LanguageModel, name: string, files: AdapterTensors): ClayAdapter {
    return new ClayAdapter(model, name, AdapterLearner.fromFiles(model, files, null));
  }

  async differentiate(data: WeightedTargets, withGradient: boolean): Promise<Float32Array> {
    const { adapter } = this.learner;
    const tokenIds = [...data.tokenIds];
    if (!withGradient) {
      const hidden = await hiddenStates(this.model, tokenIds, adapter);
      const { logprobs } = targetRows(this.model, hidden, data, false);
      hidden.dispose();
      return logprobs;
    }
    const pass = await TrainingPass.forward(this.model, tokenIds, adapter);
    const { logprobs, dHidden } = targetRows(this.model, pass.hidden, data, true);
    try {
      this.gradients.add(await pass.backward(dHidden!));
    } finally {
      dHidden?.dispose();
      pass.dispose();
    }
    return logprobs;
  }

  update({ learningRate, beta1, beta2, epsilon, weightDecay, gradClipNorm }: AdamParams): Promise<number> {
    const maxGradNorm = gradClipNorm === 0 ? Number.POSITIVE_INFINITY : gradClipNorm;
    const settings = { learningRate, beta1, beta2, epsilon, weightDecay, maxGradNorm };
    const { gradNorm } = this.learner.update(this.gradients, settings);
    this.gradients = new GradientSum();
    return Promise.resolve(gradNorm);
  }

  async load(directory: string, withOptimizer: boolean): Promise<void> {
    const files = await readAdapterFiles(directory, this.model.config);
    const state = withOptimizer ? await readOptimizerState(directory, files) : null;
    const next = AdapterLearner.fromFiles(this.model, files, state);
    this.dispose();
    this.learner = next;
    this.gradients = new GradientSum();
  }

  async save(directory: string, withOptimizer: boolean): Promise<void> {
    const { files, state } = await this.learner.toFiles(this.name);
    await writeAdapterFiles(directory, files);
    if (withOptimizer) await writeOptimizerState(directory, files, state);
  }

  dispose(): void {
    this.gradients.dispose();
    this.learner.dispose();
  }
}

import type { AdamParams, TrainableAdapter, WeightedTargets } from '@claas/contracts/testing/tinker';
import {
  hiddenStates,
  readAdapterFiles,
  readOptimizerState,
  TrainingPass,
  writeAdapterFiles,
  writeOptimizerState,
} from '@claas/core-model';
import type { AdapterTensors, LanguageModel, LoraGradients } from '@claas/core-model';
import { AdapterLearner, GradientSum } from '@claas/training';
import { hiddenGradient, targetLogprobs } from './target-rows.js';

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
    const tokenIds = [...data.tokenIds];
    const hidden = await hiddenStates(this.model, tokenIds, this.learner.adapter);
    const logprobs = targetLogprobs(this.model, hidden, data);
    hidden.dispose();
    if (withGradient) this.gradients.add(await this.gradientsOf(tokenIds, data));
    return logprobs;
  }

  /** Of the rows from the first with a weight on, so that sums over rows round as those of a trainer that takes the response alone. */
  private async gradientsOf(tokenIds: readonly number[], data: WeightedTargets): Promise<LoraGradients> {
    const { K, targets, weights } = data;
    const first = weights.findIndex((weight) => weight !== 0);
    const from = first === -1 ? 0 : Math.floor(first / K);
    const pass = await TrainingPass.forward(this.model, tokenIds, this.learner.adapter, { from });
    try {
      const weighted = { K, targets: targets.subarray(from * K), weights: weights.subarray(from * K) };
      const dHidden = hiddenGradient(this.model, pass.hidden, weighted);
      try {
        return await pass.backward(dHidden);
      } finally {
        dHidden.dispose();
      }
    } finally {
      pass.dispose();
    }
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

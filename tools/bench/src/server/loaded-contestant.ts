import { LanguageModel, readAdapterFiles } from '@claas/core-model';
import { ADAMW_DEFAULTS } from '@claas/core-sdpo';
import type { SdpoSettings } from '@claas/core-sdpo';
import type { TensorBackend } from '@claas/tensor-backend';
import { AdapterLearner, SdpoStep } from '@claas/training';
import type { StepSample } from '@claas/training';
import type {
  ContestantCommands,
  GenerationMeasurement,
  LoadMeasurement,
  StepMeasurement,
} from '../contestant/messages.js';
import { measureGeneration } from './measure-generation.js';
import { peakMemory } from './peak-memory.js';

const OPTIMIZER = { ...ADAMW_DEFAULTS, learningRate: 1e-4, maxGradNorm: 1 };

/** A model and an adapter that learns, ready to be measured. */
export class LoadedContestant {
  private constructor(
    private readonly model: LanguageModel,
    private readonly learner: AdapterLearner,
  ) {}

  static async load(
    backend: TensorBackend,
    directory: string,
    adapterDirectory: string,
  ): Promise<{ readonly contestant: LoadedContestant; readonly measurement: LoadMeasurement }> {
    const start = performance.now();
    const model = await LanguageModel.load(directory, backend);
    const measurement = { ms: performance.now() - start, peak_bytes: peakMemory() };
    const files = await readAdapterFiles(adapterDirectory, model.config);
    const learner = AdapterLearner.fromFiles(model, files, null);
    return {
      contestant: new LoadedContestant(model, learner),
      measurement,
    };
  }

  /** What one feedback does between reading and writing files: teacher, student, loss, gradients, update. */
  async step({
    prompt,
    teacher,
    response,
    old_logprobs,
    alpha,
  }: ContestantCommands['step']['params']): Promise<StepMeasurement> {
    const sample: StepSample = {
      promptTokenIds: prompt,
      teacherTokenIds: teacher,
      responseTokenIds: response,
      mask: null,
      oldLogprobs: old_logprobs,
    };
    const settings: SdpoSettings = { alpha, temperature: 1, support: { kind: 'full' }, isClip: 5, klRegWeight: 0 };
    const cpu = process.cpuUsage();
    const started = performance.now();
    const step = await SdpoStep.prepare(this.model, [sample], settings);
    const prepared = performance.now();
    let turned = prepared;
    const onBackward = (): void => {
      turned = performance.now();
    };
    const { evaluation, gradients } = await step.differentiate(this.learner.adapter, { onBackward });
    const differentiated = performance.now();
    const { gradNorm } = this.learner.update(gradients, OPTIMIZER);
    gradients.dispose();
    step.dispose();
    const ended = performance.now();
    const { user, system } = process.cpuUsage(cpu);
    return {
      teacher_ms: prepared - started,
      forward_ms: turned - prepared,
      backward_ms: differentiated - turned,
      update_ms: ended - differentiated,
      total_ms: ended - started,
      cpu_ms: (user + system) / 1000,
      loss: evaluation.loss,
      grad_norm: gradNorm,
      peak_bytes: peakMemory(),
    };
  }

  /** Greedy answers to all prompts at the same time. */
  generate(prompts: readonly (readonly number[])[], newTokens: number): Promise<GenerationMeasurement> {
    return measureGeneration(this.model, this.learner.adapter, prompts, newTokens);
  }
}

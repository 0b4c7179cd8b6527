import type { Tensor2D } from '@tensorflow/tfjs-core';
import { hiddenStates, TrainingPass } from '@claas/core-model';
import type { LanguageModel, LoraAdapter } from '@claas/core-model';
import type { SdpoSettings } from '@claas/core-sdpo';
import { GradientSum } from './gradient-sum.js';
import { responseLoss } from './response-head.js';
import type { ResponseTargets } from './response-head.js';
import { batchEvaluation, sampleMeans } from './step-evaluation.js';
import type { SampleEvaluation, StepEvaluation } from './step-evaluation.js';
import { unmaskedPositions } from './step-sample.js';
import type { StepSample } from './step-sample.js';

export interface StepOptions {
  readonly signal?: AbortSignal;
}

/** What stays the same however often the adapter changes: the teacher and the base see it once. */
interface FixedSample {
  readonly sample: StepSample;
  readonly targets: ResponseTargets;
  /** (L, C); null where another model teaches. */
  readonly teacherHidden: Tensor2D | null;
  /** (L, C); may be the same tensor as `teacherHidden`. */
  readonly baseHidden: Tensor2D | null;
}

/**
 * The SDPO loss of a batch against a fixed teacher, to be evaluated and differentiated for one adapter after the other.
 * Teacher and base are the model without adapter; of them only hidden states are kept, and their logits are computed chunk by chunk.
 */
export class SdpoStep {
  private constructor(
    private readonly model: LanguageModel,
    private readonly fixed: readonly FixedSample[],
    private readonly settings: SdpoSettings,
  ) {}

  /**
   * Runs the teacher on its contexts and, where the KL is wanted, the base on the student's.
   * @param options.withKl false skips the base's pass; by default it runs if the KL has a weight
   * @throws EmptyResponseError, LengthMismatchError; what `hiddenStates` throws
   */
  static async prepare(
    model: LanguageModel,
    samples: readonly StepSample[],
    settings: SdpoSettings,
    options: StepOptions & { readonly withKl?: boolean } = {},
  ): Promise<SdpoStep> {
    const withKl = options.withKl ?? settings.klRegWeight !== 0;
    const positions = samples.map(unmaskedPositions);
    const fixed: FixedSample[] = [];
    const step = new SdpoStep(model, fixed, settings);
    try {
      for (const [i, sample] of samples.entries()) {
        const teacherHidden = sample.teacherScores
          ? null
          : await withoutAdapter(model, sample.teacherTokenIds, sample, options);
        const entry = {
          sample,
          targets: targetsOf(sample, positions[i]!, samples.length),
          teacherHidden,
          baseHidden: null,
        };
        fixed.push(entry);
        if (!withKl) continue;
        const isSameContext = sameTokens(sample.promptTokenIds, sample.teacherTokenIds);
        const baseHidden =
          isSameContext && teacherHidden !== null
            ? teacherHidden
            : await withoutAdapter(model, sample.promptTokenIds, sample, options);
        fixed[i] = { ...entry, baseHidden };
      }
      return step;
    } catch (error) {
      step.dispose();
      throw error;
    }
  }

  /** Loss and its parts for this adapter. @throws NonFiniteLossError, ClaasError `cancelled` */
  async evaluate(adapter: LoraAdapter, options: StepOptions = {}): Promise<StepEvaluation> {
    const samples: SampleEvaluation[] = [];
    for (const fixed of this.fixed) {
      const { promptTokenIds } = fixed.sample;
      const from = promptTokenIds.length - 1;
      const student = await hiddenStates(this.model, sequence(promptTokenIds, fixed.sample), adapter, {
        ...options,
        from,
      });
      try {
        samples.push((await this.sampleLoss(fixed, student, { ...options, withGradient: false })).evaluation);
      } finally {
        student.dispose();
      }
    }
    return batchEvaluation(samples);
  }

  /**
   * The same with the gradient of every LoRA tensor, by PEFT key, summed over samples: before clipping, the caller's to dispose.
   * @param options.onBackward is told when the way back begins
   * @throws NonFiniteLossError, ClaasError `cancelled`
   */
  async differentiate(
    adapter: LoraAdapter,
    options: StepOptions & { readonly onBackward?: () => void } = {},
  ): Promise<{ readonly evaluation: StepEvaluation; readonly gradients: GradientSum }> {
    const samples: SampleEvaluation[] = [];
    const gradients = new GradientSum();
    try {
      for (const fixed of this.fixed) {
        samples.push(await this.differentiateSample(adapter, fixed, gradients, options));
      }
      return { evaluation: batchEvaluation(samples), gradients };
    } catch (error) {
      gradients.dispose();
      throw error;
    }
  }

  dispose(): void {
    for (const { teacherHidden, baseHidden } of this.fixed) {
      teacherHidden?.dispose();
      if (baseHidden !== teacherHidden) baseHidden?.dispose();
    }
  }

  private async differentiateSample(
    adapter: LoraAdapter,
    fixed: FixedSample,
    gradients: GradientSum,
    { signal, onBackward }: StepOptions & { readonly onBackward?: () => void },
  ): Promise<SampleEvaluation> {
    const { promptTokenIds } = fixed.sample;
    const pass = await TrainingPass.forward(this.model, sequence(promptTokenIds, fixed.sample), adapter, {
      from: promptTokenIds.length - 1,
      signal,
    });
    try {
      const { evaluation, dHidden } = await this.sampleLoss(fixed, pass.hidden, { signal, withGradient: true });
      onBackward?.();
      try {
        gradients.add(await pass.backward(dHidden!, { signal }));
      } finally {
        dHidden?.dispose();
      }
      return evaluation;
    } finally {
      pass.dispose();
    }
  }

  private async sampleLoss(
    { targets, teacherHidden, baseHidden }: FixedSample,
    student: Tensor2D,
    options: StepOptions & { readonly withGradient: boolean },
  ): Promise<{ readonly evaluation: SampleEvaluation; readonly dHidden: Tensor2D | null }> {
    const hidden = { student, teacher: teacherHidden, base: baseHidden };
    const { rows, unscaledLogprobs, dHidden } = await responseLoss(this.model, hidden, targets, this.settings, options);
    try {
      const means = sampleMeans(rows, this.settings.klRegWeight);
      return { evaluation: { ...means, positions: targets.positions, rows, unscaledLogprobs }, dHidden };
    } catch (error) {
      dHidden?.dispose();
      throw error;
    }
  }
}

function targetsOf(sample: StepSample, positions: readonly number[], sampleCount: number): ResponseTargets {
  const { responseTokenIds, oldLogprobs, teacherScores = null } = sample;
  return { responseTokenIds, oldLogprobs, teacherScores, positions, rowWeight: 1 / (sampleCount * positions.length) };
}

/** The last response token predicts nothing that is asked for. */
function sequence(context: readonly number[], { responseTokenIds }: StepSample): number[] {
  return [...context, ...responseTokenIds.slice(0, -1)];
}

/** (L, C): the logit row of response token t (from 0) stands at index context + t − 1. */
function withoutAdapter(
  model: LanguageModel,
  context: readonly number[],
  sample: StepSample,
  { signal }: StepOptions,
): Promise<Tensor2D> {
  return hiddenStates(model, sequence(context, sample), null, { from: context.length - 1, signal });
}

function sameTokens(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((tokenId, i) => tokenId === b[i]);
}

import type { StepSample } from '@claas/training';
import type { ExpectedBatch, LossSettingsInFile } from '../loss/loss-file.js';
import type { OptimSettingsInFile } from '../optim/optim-case.js';

export interface StepSampleInFile {
  readonly student_prompt_ids: readonly number[];
  readonly teacher_prompt_ids: readonly number[];
  readonly response_ids: readonly number[];
  readonly mask: readonly number[];
  readonly old_logprobs: readonly number[] | null;
}

/** The references of a step: torch's own numbers, and those of a second implementation in float64. */
export const PRECISIONS = ['float32', 'float64'] as const;
export type Precision = (typeof PRECISIONS)[number];

export interface ExpectedStep extends ExpectedBatch {
  /** Before clipping. */
  readonly grad_norm: number;
  readonly clip_coef: number;
  readonly clipped_grad_norm: number;
}

export type LogprobsOfSample = Readonly<Record<string, readonly number[]>>;

export interface StepFile {
  readonly model: string;
  readonly adapter: string;
  readonly settings: LossSettingsInFile & OptimSettingsInFile;
  readonly samples: readonly StepSampleInFile[];
  readonly before_step_1: readonly LogprobsOfSample[];
  readonly steps: readonly ({ readonly step: number } & Readonly<Record<Precision, ExpectedStep>>)[];
  readonly tolerance: StepTolerance;
}

export interface StepTolerance {
  readonly logprob_atol: number;
  readonly scalar_atol: number;
  readonly scalar_rtol: number;
  readonly grad_max_error_relative_to_tensor_max: number;
  readonly moments_max_error_relative_to_tensor_max: number;
  readonly lora_after_p995_in_units_of_lr: number;
  readonly lora_after_rms_in_units_of_lr: number;
  readonly lora_after_max_in_units_of_lr: number;
}

export function stepSamples({ samples }: StepFile): StepSample[] {
  return samples.map((sample) => ({
    promptTokenIds: sample.student_prompt_ids,
    teacherTokenIds: sample.teacher_prompt_ids,
    responseTokenIds: sample.response_ids,
    mask: sample.mask,
    oldLogprobs: sample.old_logprobs,
  }));
}

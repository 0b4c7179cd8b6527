import type { DivergenceSupport, SdpoSettings } from '@claas/core-sdpo';

/** Loss settings as they stand in `loss/`, `edge/` and `step.json`. */
export interface LossSettingsInFile {
  readonly alpha: number;
  readonly support: 'full' | 'student_topk' | 'teacher_topk';
  readonly k: number | null;
  readonly temperature: number;
  readonly is_clip: number;
  readonly kl_reg_weight: number;
}

/** A number, or one of the names of those that JSON has none for. */
export type NumberInFile = number | 'NaN' | 'Infinity' | '-Infinity';

export interface LossSampleInFile {
  readonly response_ids: readonly number[];
  readonly mask: readonly number[];
  readonly old_logprobs: readonly NumberInFile[] | null;
  readonly student_logits: readonly (readonly NumberInFile[])[];
  readonly teacher_logits: readonly (readonly NumberInFile[])[];
  readonly base_logits: readonly (readonly NumberInFile[])[] | null;
}

type PerToken = readonly (number | null)[];

/** Means, and values per token (null where masked), of one sample. */
export interface ExpectedSample {
  readonly loss: number;
  readonly distill_loss: number;
  readonly divergence_mean: number;
  readonly kl: number | null;
  readonly k3: number | null;
  readonly mean_rho: number;
  readonly clip_fraction: number;
  readonly tokens: number;
  readonly divergence: PerToken;
  readonly rho: PerToken;
  readonly student_logprobs: PerToken;
  readonly teacher_logprobs: PerToken;
  readonly base_logprobs: PerToken | null;
  readonly kl_per_token: PerToken | null;
  readonly k3_per_token: PerToken | null;
  readonly support_ids?: readonly (readonly number[] | null)[];
  readonly grad_student_logits?: readonly (readonly number[])[];
}

/** Means over samples; `edge/` gives the loss alone. */
export interface ExpectedBatch {
  readonly loss: number;
  readonly distill_loss?: number;
  readonly kl?: number | null;
  readonly k3?: number | null;
  readonly mean_rho?: number;
  readonly clip_fraction?: number;
  readonly samples: readonly ExpectedSample[];
}

export interface LossFile {
  readonly kind: string;
  readonly vocab: number;
  readonly settings: LossSettingsInFile;
  readonly samples: readonly LossSampleInFile[];
  readonly expected: ExpectedBatch;
  readonly tolerance: LossTolerance;
}

export interface LossTolerance {
  readonly value_atol: number;
  readonly value_rtol: number;
  /** Times max(1, largest absolute gradient). */
  readonly grad_atol: number;
}

export function toNumber(value: NumberInFile): number {
  return typeof value === 'number' ? value : Number(value);
}

/** @throws Error on an unknown support, or one without its k */
export function sdpoSettings(settings: LossSettingsInFile): SdpoSettings {
  return {
    alpha: settings.alpha,
    temperature: settings.temperature,
    support: support(settings),
    isClip: settings.is_clip,
    klRegWeight: settings.kl_reg_weight,
  };
}

function support({ support: kind, k }: LossSettingsInFile): DivergenceSupport {
  if (kind === 'full') return { kind };
  if (k === null) throw new Error(`support ${kind} without k`);
  switch (kind) {
    case 'student_topk':
    case 'teacher_topk':
      return { kind, k };
    default:
      throw new Error(`unknown support ${String(kind satisfies never)}`);
  }
}

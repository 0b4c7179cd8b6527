import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SafetensorsFile } from '@claas/core-model';
import type { AdamWSettings, SdpoSettings } from '@claas/core-sdpo';
import type { StepSample } from '../step/index.js';

/** Whole SDPO steps on tiny models, from PyTorch in float32 and a second implementation in float64; they lie with core-model's own tests. */
const GOLDEN_MODELS = fileURLToPath(new URL('../../../core-model/src/__fixtures__/golden-models', import.meta.url));

type PerToken = readonly (number | null)[];

export interface GoldenStepFile {
  readonly settings: {
    readonly alpha: number;
    readonly support: 'full' | 'student_topk' | 'teacher_topk';
    readonly k: number | null;
    readonly temperature: number;
    readonly is_clip: number;
    readonly kl_reg_weight: number;
    readonly max_grad_norm: number;
    readonly lr: number;
    readonly betas: readonly [number, number];
    readonly eps: number;
    readonly weight_decay: number;
  };
  readonly adapter: string;
  readonly samples: readonly {
    readonly student_prompt_ids: readonly number[];
    readonly teacher_prompt_ids: readonly number[];
    readonly response_ids: readonly number[];
    readonly mask: readonly number[];
    readonly old_logprobs: readonly number[] | null;
  }[];
  readonly steps: readonly { readonly float64: GoldenEvaluation }[];
}

export interface GoldenEvaluation {
  readonly loss: number;
  readonly distill_loss: number;
  readonly kl: number;
  readonly k3: number;
  readonly mean_rho: number;
  readonly clip_fraction: number;
  readonly grad_norm: number;
  readonly clip_coef: number;
  readonly samples: readonly {
    readonly loss: number;
    readonly divergence_mean: number;
    readonly divergence: PerToken;
    readonly rho: PerToken;
    readonly kl_per_token: PerToken;
    readonly k3_per_token: PerToken;
    readonly student_logprobs: PerToken;
    readonly teacher_logprobs: PerToken;
    readonly base_logprobs: PerToken;
  }[];
}

/** One `step*` folder. */
export class GoldenStep {
  private constructor(
    /** `model/variant/step…` */
    readonly name: string,
    readonly file: GoldenStepFile,
  ) {}

  static all(): GoldenStep[] {
    return readdirSync(GOLDEN_MODELS, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('/step.json'))
      .sort()
      .map((path) => {
        const file = JSON.parse(readFileSync(`${GOLDEN_MODELS}/${path}`, 'utf8')) as GoldenStepFile;
        return new GoldenStep(path.replace('/step.json', ''), file);
      });
  }

  static of(name: string): GoldenStep {
    return GoldenStep.all().find((step) => step.name === name)!;
  }

  get modelDirectory(): string {
    return `${GOLDEN_MODELS}/${this.name.slice(0, this.name.lastIndexOf('/'))}`;
  }

  get adapterDirectory(): string {
    return `${this.modelDirectory}/../${this.file.adapter.split('/').at(-1)!}`;
  }

  get samples(): StepSample[] {
    return this.file.samples.map((sample) => ({
      promptTokenIds: sample.student_prompt_ids,
      teacherTokenIds: sample.teacher_prompt_ids,
      responseTokenIds: sample.response_ids,
      mask: sample.mask,
      oldLogprobs: sample.old_logprobs,
    }));
  }

  get settings(): SdpoSettings {
    const { alpha, temperature, support, k, is_clip, kl_reg_weight } = this.file.settings;
    return {
      alpha,
      temperature,
      support: support === 'full' ? { kind: support } : { kind: support, k: k! },
      isClip: is_clip,
      klRegWeight: kl_reg_weight,
    };
  }

  get optimizer(): AdamWSettings {
    const { lr, betas, eps, weight_decay, max_grad_norm } = this.file.settings;
    return {
      learningRate: lr,
      beta1: betas[0],
      beta2: betas[1],
      epsilon: eps,
      weightDecay: weight_decay,
      maxGradNorm: max_grad_norm,
    };
  }

  /** Tensors of a file beside `step.json` whose names begin with `prefix`, by what follows it. */
  async tensors(file: string, prefix = ''): Promise<Map<string, Float64Array>> {
    const opened = await SafetensorsFile.open(`${GOLDEN_MODELS}/${this.name}/${file}.safetensors`);
    try {
      const tensors = new Map<string, Float64Array>();
      for (const name of opened.header.entries.keys()) {
        if (name.startsWith(prefix)) tensors.set(name.slice(prefix.length), await opened.readFloat64(name));
      }
      return tensors;
    } finally {
      await opened.close();
    }
  }
}

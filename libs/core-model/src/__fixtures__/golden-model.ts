import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A tiny model with the numbers that PyTorch, transformers and PEFT give for it; the README of the golden data defines them. */
export class GoldenModel {
  /** Every model, with float32 weights and the same weights rounded to bfloat16. */
  static readonly all: readonly GoldenModel[] = [
    'llama_rope_llama3',
    'qwen2_tied_bias',
    'qwen3_tied_headdim',
    'qwen3_untied_gqa4',
  ].flatMap((model) => ['f32', 'bf16'].map((variant) => new GoldenModel(model, variant)));

  private constructor(
    readonly model: string,
    readonly variant: string,
  ) {}

  static of(model: string, variant: string): GoldenModel {
    return new GoldenModel(model, variant);
  }

  get name(): string {
    return `${this.model}/${this.variant}`;
  }

  get directory(): string {
    return this.path('');
  }

  /** `folder`: `adapter`, or `adapter_fresh` with a B of zeros. */
  adapterDirectory(folder = 'adapter'): string {
    return this.path(`../${folder}`);
  }

  path(file: string): string {
    return fileURLToPath(new URL(`./golden-models/${this.model}/${this.variant}/${file}`, import.meta.url));
  }

  get forward(): GoldenForward {
    return this.json<GoldenForward>('forward.json');
  }

  get generation(): GoldenGeneration {
    return this.json<GoldenGeneration>('generation.json');
  }

  step(folder: string): GoldenStep {
    return this.json<GoldenStep>(`${folder}/step.json`);
  }

  private json<T>(file: string): T {
    return JSON.parse(readFileSync(this.path(file), 'utf8')) as T;
  }
}

export interface GoldenForward {
  readonly input_ids: readonly (readonly number[])[];
  readonly tolerance: { readonly logits_atol: number; readonly logprob_atol: number };
}

export interface GoldenGeneration {
  readonly max_new_tokens: number;
  readonly eos_token_id: number;
  readonly cases: readonly {
    readonly adapter: boolean;
    readonly prompt_ids: readonly number[];
    readonly output_ids: readonly number[];
  }[];
}

export interface GoldenStep {
  readonly adapter: string;
  readonly settings: {
    readonly alpha: number;
    readonly support: 'full' | 'student_topk' | 'teacher_topk';
    readonly k: number | null;
    readonly temperature: number;
    readonly is_clip: number;
    readonly kl_reg_weight: number;
  };
  readonly samples: readonly {
    readonly student_prompt_ids: readonly number[];
    readonly teacher_prompt_ids: readonly number[];
    readonly response_ids: readonly number[];
    readonly mask: readonly number[];
    readonly old_logprobs: readonly number[] | null;
  }[];
}

import type { StepTokens } from './step-tokens.js';

/**
 * What the processes that are measured understand, `server/main.ts` and `pytorch_step.py` alike: a JSON object a line on stdin, one answered
 * with a line on stdout before the next. Times in milliseconds, memory in bytes.
 */
export interface ContestantCommands {
  load: {
    params: {
      readonly model: string;
      /** PEFT directory. */
      readonly adapter: string;
      /** PyTorch only: compute activations again on the way back instead of keeping them. */
      readonly checkpointing: boolean;
    };
    result: LoadMeasurement;
  };
  step: {
    params: StepTokens & { readonly alpha: number };
    result: StepMeasurement;
  };
  generate: {
    params: { readonly prompts: readonly (readonly number[])[]; readonly new_tokens: number };
    result: GenerationMeasurement;
  };
  /** Plain products of bfloat16 matrices, float32 where the backend has no shorter format. */
  limit: { params: { readonly repetitions: number }; result: LimitMeasurement };
}

export type ContestantCommand = keyof ContestantCommands;

export interface LoadMeasurement {
  /** The weights alone, without starting the runtime. */
  readonly ms: number;
  readonly peak_bytes: number;
}

export interface StepMeasurement {
  readonly teacher_ms: number;
  /** With the loss. */
  readonly forward_ms: number;
  readonly backward_ms: number;
  /** Clipping and AdamW. */
  readonly update_ms: number;
  readonly total_ms: number;
  /** Processor time of all threads. */
  readonly cpu_ms: number;
  readonly loss: number;
  readonly grad_norm: number;
  /** Highest resident memory of the process so far. */
  readonly peak_bytes: number;
}

export interface GenerationMeasurement {
  /** From the beginning to the last token of all, prompts included. */
  readonly total_ms: number;
  /** Until every sequence has its first token. */
  readonly first_token_ms: number;
  /** Of all sequences together, while all of them are growing. */
  readonly tokens_per_second: number;
  readonly peak_bytes: number;
}

export interface LimitMeasurement {
  /** 10⁹ floating-point operations a second, the best of all products. */
  readonly gflops: number;
  readonly format: string;
}

export interface ContestantRequest {
  readonly command: string;
  readonly params: unknown;
}

export type ContestantAnswer = { readonly result: unknown } | { readonly error: string };

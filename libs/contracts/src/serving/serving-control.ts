import type { AdapterId } from '../adapter/adapter-id.js';
import type { AdapterSource } from '../engine/distillation-task.js';
import type { GeneratedToken, GenerationRequest, GenerationSummary, Score, ScoreRequest } from './generation.js';

export interface ServingCapabilities {
  /** Must the server give the accelerator up (`drain`, `release`, `restore`) before the engine may run a step? */
  readonly releasesAccelerator: boolean;
}

/** Who is to answer: a published adapter, or the base model. */
export type ServedModel = { readonly kind: 'base' } | { readonly kind: 'adapter'; readonly loraId: AdapterId };

export interface ServedVersion {
  readonly loraId: AdapterId;
  readonly version: number;
}

export interface ExpectedLogprobs {
  readonly promptTokenIds: readonly number[];
  readonly responseTokenIds: readonly number[];
  /** From the trainer, at temperature 1. */
  readonly logprobs: readonly number[];
  /** The same tokens under the version before, so that a server which still answers with that one is found. */
  readonly parentLogprobs?: readonly number[] | null;
}

export interface Verification {
  readonly verified: boolean;
  /** Largest absolute difference between the server's log-probs and the trainer's, in nats. */
  readonly maxDifference: number;
  readonly tolerance: number;
  /** Mean absolute difference, where the server computes less exactly than the trainer and one token says little. */
  readonly meanDifference?: number;
  readonly meanTolerance?: number;
  /** Mean absolute difference between this version and the one before, at the server; null when that one is gone. */
  readonly previousDifference?: number | null;
  /** The same at the trainer; null when it wasn't given. */
  readonly expectedDifference?: number | null;
}

export interface ServingHealth {
  readonly ready: boolean;
  readonly problem: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface GenerationOptions {
  readonly signal?: AbortSignal;
  readonly onToken?: (token: GeneratedToken) => void;
}

/**
 * The server that answers with adapters.
 *
 * Guarantees, for every implementation:
 * - After `publish(v)` has returned, each request for that adapter that begins later is answered by v, whole.
 * - A request that runs while another version is published ends with the version that it began with.
 * - `release` and `restore` are idempotent; requests that arrive between them wait, they don't fail.
 */
export abstract class ServingControl {
  abstract readonly capabilities: ServingCapabilities;

  /** Waits until no request runs. Asked only where `releasesAccelerator`. @throws ClaasError `serving_not_idle` */
  abstract drain(options: { readonly timeoutMs: number }): Promise<void>;
  /** Gives the accelerator up (sleep). Asked only where `releasesAccelerator`. */
  abstract release(options: { readonly level: 1 | 2 }): Promise<void>;
  /** Takes it back (wake). Asked only where `releasesAccelerator`. */
  abstract restore(): Promise<void>;

  /**
   * Another process that shares the server is about to put it to sleep: requests wait here, as between `release` and
   * `restore`, until `resume`. Idempotent; nothing where no other process shares the server.
   */
  hold(): void {
    // Nothing to hold back.
  }
  /** The other process has woken the server. */
  resume(): void {
    // Nothing was held back.
  }

  /** Answers with this version from now on; a version that the server knows already, from whichever process, is not loaded twice. */
  abstract publish(version: AdapterSource): Promise<void>;
  /** Forgets the adapter; unknown is fine. */
  abstract retract(loraId: AdapterId): Promise<void>;
  /** Asks the server itself for the log-probs of tokens that the trainer has scored. */
  abstract verify(version: ServedVersion, expected: ExpectedLogprobs): Promise<Verification>;
  /** What is answered with now. */
  abstract published(): readonly ServedVersion[];

  /** Answers; ends early when `signal` aborts. @throws ClaasError `model_not_found`, `context_too_long`, `template_failed` */
  abstract generate(
    model: ServedModel,
    request: GenerationRequest,
    options?: GenerationOptions,
  ): Promise<GenerationSummary>;
  abstract score(model: ServedModel, request: ScoreRequest): Promise<Score>;
  abstract health(): Promise<ServingHealth>;
}

import type { AdapterShape } from '../adapter/adapter-manifest.js';
import type {
  AdapterSource,
  DistillationProgress,
  DistillationRequest,
  DistillationResult,
  DistillationTask,
  PreparedRollout,
} from '../engine/distillation-task.js';
import type { InitAdapterRequest } from '../engine/distillation-engine.js';
import type { ErrorOnTheWire } from '../errors/claas-error.js';
import type {
  GeneratedToken,
  GenerationRequest,
  GenerationSummary,
  Score,
  ScoreRequest,
} from '../serving/generation.js';

/**
 * The trainer's language: one JSON object a line, requests on its stdin, events on its stdout, logs on its stderr.
 * Each request has an id that all of its events carry; a request ends with exactly one `result` or `error`.
 */
export interface TrainerMethods {
  /**
   * Loads the base model; every later request is about this model. Again with the same model: nothing.
   * `modelDirectory` is a directory or a Hugging Face id; `baseModel` is the name that adapters and requests know it by.
   */
  load: {
    params: { readonly modelDirectory: string; readonly baseModel: string };
    progress: LoadProgress;
    result: TrainerStatus;
  };
  /** Writes an untrained adapter. */
  init: { params: InitAdapterRequest; progress: never; result: null };
  /** Checks a foreign PEFT directory against the base model. */
  inspect: {
    params: { readonly directory: string; readonly baseModel: string };
    progress: never;
    result: AdapterShape;
  };
  /** Tokenizes and checks a task without training. `hasRemoteTeacher`: the one who asks can have a response scored by one. */
  prepare: {
    params: DistillationRequest & { readonly hasRemoteTeacher?: boolean };
    progress: never;
    result: PreparedRollout;
  };
  distill: { params: DistillationTask; progress: DistillationProgress; result: DistillationResult };
  /** `adapter` null: the base model. */
  generate: {
    params: GenerationRequest & { readonly adapter: AdapterSource | null };
    progress: GeneratedToken;
    result: GenerationSummary;
  };
  score: { params: ScoreRequest & { readonly adapter: AdapterSource | null }; progress: never; result: Score };
  status: { params: Record<string, never>; progress: never; result: TrainerStatus };
  /** Ends another request of this connection; that one then fails with `cancelled`. Unknown or ended: nothing happens. */
  cancel: { params: { readonly id: number }; progress: never; result: null };
  /** Cancels what runs and ends the process with code 0. */
  shutdown: { params: Record<string, never>; progress: never; result: null };
}

export type TrainerMethod = keyof TrainerMethods;

export interface LoadProgress {
  /** `downloading` comes first, and only where the model isn't on this machine. */
  readonly phase: 'downloading' | 'reading';
  /** Bytes of weights downloaded or read, of the total. */
  readonly loadedBytes: number;
  readonly totalBytes: number;
}

export interface TrainerStatus {
  readonly processId: number;
  /** `tensorflow` or `wasm`. */
  readonly tensorBackend: string;
  /** Why a faster backend is not used; null when none was passed over. */
  readonly tensorBackendNote: string | null;
  readonly baseModel: string | null;
  readonly parameters: number | null;
  readonly contextLength: number | null;
  readonly residentBytes: number;
  readonly peakResidentBytes: number;
  readonly busy: boolean;
}

export interface TrainerRequest<M extends TrainerMethod = TrainerMethod> {
  readonly id: number;
  readonly method: M;
  readonly params: TrainerMethods[M]['params'];
}

export type TrainerEvent<M extends TrainerMethod = TrainerMethod> =
  | { readonly id: number; readonly progress: TrainerMethods[M]['progress'] }
  | { readonly id: number; readonly result: TrainerMethods[M]['result'] }
  | { readonly id: number; readonly error: ErrorOnTheWire };

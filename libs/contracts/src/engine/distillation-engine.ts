import type { AdapterShape, LoraModule } from '../adapter/adapter-manifest.js';
import type {
  DistillationProgress,
  DistillationRequest,
  DistillationResult,
  DistillationTask,
  PreparedRollout,
} from './distillation-task.js';
import type { TeacherMode } from './training-settings.js';

export interface EngineCapabilities {
  readonly teacherModes: readonly TeacherMode[];
  /** Largest `top_k`; `fullVocabulary` says whether null is possible. */
  readonly maxTopK: number;
  readonly fullVocabulary: boolean;
}

export interface InitAdapterRequest {
  readonly baseModel: string;
  readonly rank: number;
  readonly loraAlpha: number;
  readonly targetModules: readonly LoraModule[];
  /** Seeds A; B is zero. */
  readonly seed: number;
  /** Staged and empty; version 0's files go here. */
  readonly outputDirectory: string;
}

/** Told of an engine without starting anything costly. */
export interface EngineHealth {
  /** Could a step run now, or as soon as it is asked for? */
  readonly ready: boolean;
  /** One sentence when not. */
  readonly problem: string | null;
  /** What an operator wants to see: tensor backend, device, memory, process id. */
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * Whatever can run SDPO steps on adapters of a base model.
 *
 * Guarantees, for every implementation:
 * - `distill` never changes the parent; it fills `outputDirectory` with a new, complete, finite version or throws.
 * - Aborting `signal` throws ClaasError `cancelled`, and leaves nothing behind outside `outputDirectory`.
 * - Calls may overlap; the engine orders what can't run together.
 * - The same task from the same parent gives the same bytes.
 */
export abstract class DistillationEngine {
  abstract readonly capabilities: EngineCapabilities;

  /** Writes an untrained adapter (PEFT layout). @throws ClaasError `base_model_invalid`, `target_module_unknown` */
  abstract initAdapter(request: InitAdapterRequest): Promise<void>;

  /**
   * Reads a foreign PEFT directory and checks it against the base model: known modules, shapes, finite values.
   * @throws ClaasError `adapter_incompatible`
   */
  abstract inspectAdapter(request: { readonly directory: string; readonly baseModel: string }): Promise<AdapterShape>;

  /**
   * Tokenizes and checks without training, so that bad input is refused before it is accepted.
   * @throws ClaasError `request_invalid`, `response_empty`, `rollout_logprobs_mismatch`, `context_too_long`, `template_failed`, `teacher_mode_unsupported`
   */
  abstract prepare(request: DistillationRequest): Promise<PreparedRollout>;

  /** @throws ClaasError as `prepare`, and `step_not_finite`, `cancelled`, `trainer_crashed`, `trainer_unresponsive`, `teacher_failed` */
  abstract distill(
    task: DistillationTask,
    options?: { readonly signal?: AbortSignal; readonly onProgress?: (progress: DistillationProgress) => void },
  ): Promise<DistillationResult>;

  abstract health(): Promise<EngineHealth>;

  /** Ends what it started; running steps are cancelled. */
  abstract close(): Promise<void>;
}

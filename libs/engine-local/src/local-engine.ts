import { DistillationEngine, retryAfterCrash } from '@claas/contracts';
import type {
  AdapterShape,
  DistillationProgress,
  DistillationRequest,
  DistillationResult,
  DistillationTask,
  EngineCapabilities,
  EngineHealth,
  InitAdapterRequest,
  PreparedRollout,
} from '@claas/contracts';
import type { TrainerProcess } from './trainer-process.js';

/** SDPO steps in a trainer process on this machine. See {@link DistillationEngine} for the guarantees. */
export class LocalEngine extends DistillationEngine {
  override readonly capabilities: EngineCapabilities = { teacherModes: ['self'], maxTopK: 1000, fullVocabulary: true };

  /** The engine owns `trainer` and ends it in `close`; serving in the same process may be given the same one. */
  constructor(private readonly trainer: TrainerProcess) {
    super();
  }

  override async initAdapter(request: InitAdapterRequest): Promise<void> {
    await this.trainer.call('init', request);
  }

  override inspectAdapter(request: { readonly directory: string; readonly baseModel: string }): Promise<AdapterShape> {
    return retryAfterCrash(() => this.trainer.call('inspect', request));
  }

  override prepare(request: DistillationRequest): Promise<PreparedRollout> {
    return retryAfterCrash(() => this.trainer.call('prepare', request));
  }

  override distill(
    task: DistillationTask,
    options: { readonly signal?: AbortSignal; readonly onProgress?: (progress: DistillationProgress) => void } = {},
  ): Promise<DistillationResult> {
    return this.trainer.call('distill', task, options);
  }

  override async health(): Promise<EngineHealth> {
    const { running, problem, status } = await this.trainer.health();
    return { ready: problem === null, problem, details: { running, ...status } };
  }

  override async close(): Promise<void> {
    await this.trainer.close();
  }
}

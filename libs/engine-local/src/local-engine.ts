import { ClaasError, DistillationEngine, retryAfterCrash } from '@claas/contracts';
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
  Teacher,
  TeacherPosition,
} from '@claas/contracts';
import type { TrainerProcess } from './trainer-process.js';

/** SDPO steps in a trainer process on this machine. See {@link DistillationEngine} for the guarantees. */
export class LocalEngine extends DistillationEngine {
  override readonly capabilities: EngineCapabilities;

  /** The engine owns `trainer` and ends it in `close`; serving in the same process may be given the same one. */
  constructor(
    private readonly trainer: TrainerProcess,
    private readonly teacher: Teacher | null = null,
  ) {
    super();
    const teacherModes = teacher === null ? (['self'] as const) : (['self', 'remote'] as const);
    this.capabilities = { teacherModes, maxTopK: 1000, fullVocabulary: true };
  }

  override async initAdapter(request: InitAdapterRequest): Promise<void> {
    await this.trainer.call('init', request);
  }

  override inspectAdapter(request: { readonly directory: string; readonly baseModel: string }): Promise<AdapterShape> {
    return retryAfterCrash(() => this.trainer.call('inspect', request));
  }

  override async prepare(request: DistillationRequest): Promise<PreparedRollout> {
    const { teacher } = this;
    if (request.settings.teacherMode === 'remote' && teacher === null) throw noRemoteTeacher();
    const prepared = await this.tokenize(request);
    if (prepared.teacherTask !== undefined) await teacher?.check(prepared.teacherTask);
    return prepared;
  }

  override async distill(
    task: DistillationTask,
    options: { readonly signal?: AbortSignal; readonly onProgress?: (progress: DistillationProgress) => void } = {},
  ): Promise<DistillationResult> {
    const teacherScores = await this.askTeacher(task, options.signal);
    return this.trainer.call('distill', { ...task, ...(teacherScores && { teacherScores }) }, options);
  }

  /** Null in mode `self`: the trainer asks its own base model. */
  private async askTeacher(task: DistillationTask, signal?: AbortSignal): Promise<readonly TeacherPosition[] | null> {
    const { teacherMode, topK } = task.settings;
    if (teacherMode === 'self') return null;
    const { teacherTask } = await this.prepare(task);
    if (this.teacher === null || teacherTask === undefined || topK === null) throw noRemoteTeacher();
    return this.teacher.score(teacherTask, topK, signal);
  }

  private tokenize(request: DistillationRequest): Promise<PreparedRollout> {
    const { baseModel, rollout, feedback, settings } = request;
    const params = { baseModel, rollout, feedback, settings, hasRemoteTeacher: this.teacher !== null };
    return retryAfterCrash(() => this.trainer.call('prepare', params));
  }

  override async health(): Promise<EngineHealth> {
    const { running, problem, status } = await this.trainer.health();
    return { ready: problem === null, problem, details: { running, ...status } };
  }

  override async close(): Promise<void> {
    await this.trainer.close();
  }
}

function noRemoteTeacher(): ClaasError {
  return new ClaasError(
    'teacher_mode_unsupported',
    'teacher_mode "remote" needs another model that teaches, and this service has none. Set CLAAS_TEACHER_BASE_URL and CLAAS_TEACHER_MODEL and restart it, or use "self": the base model with the feedback in its context.',
    { teacher_mode: 'remote', supported: ['self'] },
  );
}

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
} from '@claas/contracts';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { modalError, ModalUnavailableError, SandboxLostError } from './errors/modal-errors.js';
import type { SandboxHost } from './sandbox/sandbox-host.js';
import type { SandboxSettings } from './sandbox/sandbox-settings.js';
import type { SandboxLimits } from './trainer/sandbox-limits.js';
import type { SandboxTrainer } from './trainer/sandbox-trainer.js';

interface Look {
  readonly at: number;
  readonly problem: string | null;
}

/** SDPO steps in a GPU Sandbox on Modal. See {@link DistillationEngine} for the guarantees. */
export class ModalEngine extends DistillationEngine {
  override readonly capabilities: EngineCapabilities = { teacherModes: ['self'], maxTopK: 1000, fullVocabulary: true };
  private lastLook: Look | null = null;

  /** The engine owns `trainer` and ends it in `close`; serving in the same trainer may be given the same one. */
  constructor(
    private readonly trainer: SandboxTrainer,
    private readonly host: SandboxHost,
    private readonly settings: SandboxSettings,
    private readonly limits: SandboxLimits,
  ) {
    super();
  }

  /** @throws ModalUnavailableError that says what is missing for a step: credentials, image, a Modal that answers */
  async check(): Promise<void> {
    await this.host.lookUp();
  }

  override async initAdapter(request: InitAdapterRequest): Promise<void> {
    await this.retryWhenLost(request.outputDirectory, undefined, () => this.trainer.call('init', request));
  }

  override inspectAdapter(request: { readonly directory: string; readonly baseModel: string }): Promise<AdapterShape> {
    return retryAfterCrash(() => this.trainer.call('inspect', request));
  }

  override prepare(request: DistillationRequest): Promise<PreparedRollout> {
    return retryAfterCrash(() => this.trainer.call('prepare', request));
  }

  /** A step whose Sandbox was taken away is taken once more from the same parent, which gives the same version. */
  override async distill(
    task: DistillationTask,
    options: { readonly signal?: AbortSignal; readonly onProgress?: (progress: DistillationProgress) => void } = {},
  ): Promise<DistillationResult> {
    if (options.signal?.aborted === true) throw new ClaasError('cancelled', 'The request was cancelled.');
    const begun = performance.now();
    const result = await this.retryWhenLost(task.outputDirectory, options.signal, () =>
      this.trainer.call('distill', task, options),
    );
    const seconds = Math.round(performance.now() - begun) / 1000;
    return { ...result, receipt: { ...result.receipt, compute: { gpu: this.settings.gpu, seconds } } };
  }

  override async health(): Promise<EngineHealth> {
    const [{ running, problem, status }, lookProblem] = await Promise.all([this.trainer.health(), this.look()]);
    const worst = lookProblem ?? problem;
    return {
      ready: worst === null,
      problem: worst,
      details: {
        running,
        gpu: this.settings.gpu,
        image: this.settings.image,
        sandboxId: this.trainer.sandbox?.sandboxId ?? null,
        ...status,
      },
    };
  }

  override async close(): Promise<void> {
    await this.trainer.close();
  }

  private async retryWhenLost<T>(
    outputDirectory: string,
    signal: AbortSignal | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await empty(outputDirectory);
      if (!(error instanceof SandboxLostError) || signal?.aborted === true) throw error;
    }
    try {
      return await work();
    } catch (error) {
      await empty(outputDirectory);
      throw error;
    }
  }

  /** Modal is asked at most once in a while, and not for long; starts nothing. */
  private async look(): Promise<string | null> {
    if (this.lastLook !== null && performance.now() - this.lastLook.at < this.limits.healthAgeMs) {
      return this.lastLook.problem;
    }
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => {
        reject(new ModalUnavailableError(`Modal did not answer within ${this.limits.healthMs / 1000} s.`));
      }, this.limits.healthMs).unref();
    });
    const problem = await Promise.race([this.check(), late]).then(
      () => null,
      (error: unknown) => modalError(error, 'asking for its health').message,
    );
    this.lastLook = { at: performance.now(), problem };
    return problem;
  }
}

async function empty(directory: string): Promise<void> {
  for (const name of await readdir(directory)) await rm(join(directory, name), { recursive: true });
}

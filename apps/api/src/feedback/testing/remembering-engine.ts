import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ClaasError,
  DistillationEngine,
  type AdapterShape,
  type DistillationRequest,
  type DistillationResult,
  type DistillationTask,
  type EngineHealth,
  type InitAdapterRequest,
  type PreparedRollout,
} from '@claas/contracts';

interface Remembered {
  readonly directory: string;
  readonly result: DistillationResult;
}

/**
 * A real engine whose steps are run once: the same task from the same parent gives the same bytes, so that a table of
 * hundreds of feedbacks need not wait for hundreds of steps.
 */
export class RememberingEngine extends DistillationEngine {
  private readonly steps = new Map<string, Promise<Remembered>>();
  private root: Promise<string> | null = null;
  /** Awaited before each step, by whoever wants to be there while the server sleeps. */
  gate: () => Promise<void> = () => Promise.resolve();
  /** False for an engine that does not hear when a step is cancelled. */
  hearsCancellation = true;

  constructor(private readonly engine: DistillationEngine) {
    super();
  }

  /** Steps wait from now on, until what is returned is called. */
  closeGate(): () => void {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    this.gate = () => opened;
    return () => {
      this.gate = () => Promise.resolve();
      open();
    };
  }

  override get capabilities(): DistillationEngine['capabilities'] {
    return this.engine.capabilities;
  }

  override initAdapter(request: InitAdapterRequest): Promise<void> {
    return this.engine.initAdapter(request);
  }

  override inspectAdapter(request: { readonly directory: string; readonly baseModel: string }): Promise<AdapterShape> {
    return this.engine.inspectAdapter(request);
  }

  override prepare(request: DistillationRequest): Promise<PreparedRollout> {
    return this.engine.prepare(request);
  }

  override async distill(
    task: DistillationTask,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<DistillationResult> {
    await Promise.race([this.gate(), ...(signal && this.hearsCancellation ? [cancellation(signal)] : [])]);
    const { baseModel, feedback, settings, rollout } = task;
    const weights = await readFile(join(task.parent.directory, 'adapter_model.safetensors'));
    const moments = await readFile(join(task.parent.directory, 'optimizer.safetensors')).catch(() => '');
    const key = createHash('sha256')
      .update(JSON.stringify([baseModel, feedback, settings, rollout]))
      .update(weights)
      .update(moments)
      .digest('hex');
    const step = this.steps.get(key) ?? this.run(task);
    this.steps.set(key, step);
    const { directory, result } = await step;
    await cp(directory, task.outputDirectory, { recursive: true });
    return result;
  }

  override health(): Promise<EngineHealth> {
    return this.engine.health();
  }

  override async close(): Promise<void> {
    await this.engine.close();
    if (this.root !== null) await rm(await this.root, { recursive: true, force: true });
  }

  private async run(task: DistillationTask): Promise<Remembered> {
    this.root ??= mkdtemp(join(tmpdir(), 'claas-steps-'));
    const directory = await mkdtemp(join(await this.root, 'step-'));
    return { directory, result: await this.engine.distill({ ...task, outputDirectory: directory }) };
  }
}

function cancellation(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const cancel = (): void => {
      reject(new ClaasError('cancelled', 'The step was cancelled.'));
    };
    if (signal.aborted) cancel();
    else signal.addEventListener('abort', cancel, { once: true });
  });
}

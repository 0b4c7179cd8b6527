import { randomUUID } from 'node:crypto';
import {
  AdapterIdConflictError,
  ClaasError,
  parseAdapterId,
  type AdapterId,
  type AdapterStore,
  type AdapterVersion,
  type DistillationEngine,
  type DistillationResult,
  type Rollout,
  type StepMetrics,
} from '@claas/contracts';
import type { AdapterNames } from '../backends/adapter-names.js';
import type { ExclusiveStep } from '../replicas/exclusive-step.js';
import type { Lesson, RolloutPreparation } from '../feedback/rollout-preparation.js';
import { baseNameOf, distilledName } from './distilled-name.js';

/** Steps of one second that may want the same name. */
const MAX_NAMES = 1000;

export interface Distilled {
  readonly loraId: AdapterId;
  readonly metrics: StepMetrics;
}

/** One step whose result is a new adapter; the one that it began with stays as it is, and nothing is published. */
export class DistillService {
  constructor(
    private readonly engine: DistillationEngine,
    private readonly store: AdapterStore,
    private readonly preparation: RolloutPreparation,
    private readonly exclusive: ExclusiveStep,
    private readonly names: AdapterNames,
  ) {}

  /**
   * Saves `<base>-YYYYMMDD-HHMMSS` and points `<base>-latest` at it.
   * @throws ClaasError `adapter_not_found`, as RolloutPreparation, as DistillationEngine.distill, `adapter_id_conflict`
   */
  async distill(id: string, lesson: Lesson, signal?: AbortSignal): Promise<Distilled> {
    const loraId = await this.store.resolve(id);
    const base = baseNameOf(loraId);
    const alias = parseAdapterId(`${base}-latest`);
    await this.refuseTakenAlias(alias);
    const rollout = await this.preparation.prepare(loraId, lesson);
    const { created, metrics } = await this.distillInto(base, loraId, lesson, rollout, signal);
    await this.store.setAlias(alias, created);
    this.names.forget();
    return { loraId: created, metrics };
  }

  private async distillInto(
    base: string,
    loraId: AdapterId,
    { feedback, training }: Lesson,
    rollout: Rollout,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly created: AdapterId; readonly metrics: StepMetrics }> {
    const outputDirectory = await this.store.stage();
    try {
      return await this.exclusive.run(async (lost) => {
        const parent = await this.store.read(loraId);
        const { manifest, directory } = parent;
        const result = await this.engine.distill(
          {
            baseModel: manifest.baseModel,
            rollout,
            feedback,
            settings: training,
            feedbackId: randomUUID().replaceAll('-', ''),
            parent: { loraId, version: manifest.version, directory },
            outputDirectory,
          },
          { signal: signal === undefined ? lost : AbortSignal.any([signal, lost]) },
        );
        return { created: await this.create(base, outputDirectory, parent, result), metrics: result.metrics };
      });
    } catch (error) {
      await this.store.discard(outputDirectory).catch(() => undefined);
      throw distillationFailed(loraId, error);
    }
  }

  private async create(
    base: string,
    directory: string,
    parent: AdapterVersion,
    { metrics, receipt }: DistillationResult,
  ): Promise<AdapterId> {
    const { baseModel, rank, loraAlpha, targetModules } = parent.manifest;
    const shape = { baseModel, rank, loraAlpha, targetModules };
    const now = new Date();
    for (let attempt = 1; attempt <= MAX_NAMES; attempt += 1) {
      const loraId = parseAdapterId(distilledName(base, now, attempt));
      try {
        await this.store.create(loraId, {
          directory,
          manifest: { ...shape, origin: 'distill', feedbackId: null, metrics, receipt },
          aliases: [],
        });
        return loraId;
      } catch (error) {
        if (ClaasError.from(error).code !== 'adapter_exists') throw error;
      }
    }
    throw new ClaasError('adapter_exists', `Every name of this second for ${base} is taken. Send the request again.`);
  }

  /** Before the step rather than after it: an adapter of the alias's name can't be pointed elsewhere. */
  private async refuseTakenAlias(alias: AdapterId): Promise<void> {
    const adapters = await this.store.list(alias);
    const owner = adapters.find(({ loraId }) => loraId === alias);
    if (owner !== undefined) throw new AdapterIdConflictError(alias, owner.loraId);
  }
}

function distillationFailed(loraId: AdapterId, error: unknown): ClaasError {
  const { code, message, details } = ClaasError.from(error);
  return new ClaasError(
    code === 'internal' ? 'feedback_failed' : code,
    `Distillation failed: ${/[.!?]$/.test(message) ? message : `${message}.`} LoRA ${loraId} is unchanged, and nothing was saved.`,
    details,
    { cause: error },
  );
}

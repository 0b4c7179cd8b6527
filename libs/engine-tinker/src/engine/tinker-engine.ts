import { ClaasError, DistillationEngine } from '@claas/contracts';
import type {
  AdapterShape,
  DistillationRequest,
  DistillationResult,
  DistillationTask,
  EngineCapabilities,
  EngineHealth,
  InitAdapterRequest,
  PreparedRollout,
} from '@claas/contracts';
import { asClaasError } from '@claas/training/without-tensors';
import { CheckpointLedger } from '../checkpoint/checkpoint-ledger.js';
import { TrainingModel } from '../session/training-model.js';
import type { TinkerConnection } from '../tinker-connection.js';
import { distill } from './distill.js';
import type { DistillOptions } from './distill.js';
import { inspectAdapter } from './inspect-adapter.js';
import type { KnownVersions } from './known-versions.js';
import { otherBaseModel, prepareStep } from './prepared-step.js';
import { saveVersion } from './tinker-version.js';

export interface TinkerEngineOptions {
  readonly connection: TinkerConnection;
  /** They say which checkpoints are still needed. */
  readonly versions: KnownVersions;
  /** Where the engine notes the checkpoints that it makes. */
  readonly ledgerDirectory: string;
}

/** SDPO steps on a Tinker service. A version is a pair of checkpoints there, with the PEFT files made from them here. */
export class TinkerEngine extends DistillationEngine {
  override readonly capabilities: EngineCapabilities;
  private readonly connection: TinkerConnection;
  private readonly ledger: CheckpointLedger;
  private readonly versions: KnownVersions;
  private readonly closing = new AbortController();
  private sweeping: Promise<unknown> = Promise.resolve();

  constructor({ connection, versions, ledgerDirectory }: TinkerEngineOptions) {
    super();
    const { maxTopK } = connection.settings;
    this.connection = connection;
    this.ledger = new CheckpointLedger(ledgerDirectory, connection.client);
    this.versions = versions;
    const fullVocabulary = maxTopK >= connection.text.vocabularySize;
    this.capabilities = { teacherModes: ['self'], maxTopK, fullVocabulary };
  }

  override async initAdapter(request: InitAdapterRequest): Promise<void> {
    const { baseModel, rank, loraAlpha, targetModules, seed, outputDirectory } = request;
    this.assertBaseModel(baseModel);
    const { client, session } = this.connection;
    const { signal } = this.closing;
    await this.claasErrors(async () => {
      const model = await TrainingModel.create(client, session, { rank, seed, targetModules }, signal);
      try {
        const version = { model, name: 'untrained', loraAlpha, outputDirectory };
        await saveVersion(this.connection, this.ledger, version, signal, () => Promise.resolve());
      } finally {
        this.connection.later(model.unload());
      }
    });
  }

  override async inspectAdapter(request: {
    readonly directory: string;
    readonly baseModel: string;
  }): Promise<AdapterShape> {
    this.assertBaseModel(request.baseModel);
    return this.claasErrors(() => inspectAdapter(this.versions, request.directory, request.baseModel));
  }

  override async prepare(request: DistillationRequest): Promise<PreparedRollout> {
    const { promptTokenIds, responseTokenIds } = prepareStep(this.connection, request);
    return Promise.resolve({ promptTokenIds, responseTokenIds });
  }

  override async distill(task: DistillationTask, options: DistillOptions = {}): Promise<DistillationResult> {
    const { onProgress } = options;
    const signal = AbortSignal.any([this.closing.signal, ...(options.signal ? [options.signal] : [])]);
    if (signal.aborted) throw new ClaasError('cancelled', 'The step was cancelled before it began.');
    const prepared = prepareStep(this.connection, task);
    const result = await this.claasErrors(() =>
      distill(this.connection, this.ledger, task, prepared, { signal, onProgress }),
    );
    this.connection.later(this.sweep());
    return result;
  }

  /** Deletes the checkpoints at the service that no version needs any more; one sweep at a time. */
  sweep(): Promise<readonly string[]> {
    const swept = this.sweeping.then(async () => this.ledger.sweep(await this.versions.checkpoints()));
    this.sweeping = swept.catch(() => undefined);
    return swept;
  }

  override async health(): Promise<EngineHealth> {
    const { settings, session } = this.connection;
    const details = {
      service: settings.baseUrl,
      base_model: settings.baseModel,
      max_top_k: settings.maxTopK,
      session_id: session.id,
    };
    try {
      await this.connection.check();
      const { contextLength } = this.connection;
      return { ready: true, problem: null, details: { ...details, baseModel: settings.baseModel, contextLength } };
    } catch (error) {
      return { ready: false, problem: ClaasError.from(error).message, details };
    }
  }

  /** Resolves when nothing goes on in the background: models are given up, checkpoints deleted. */
  settled(): Promise<void> {
    return this.connection.settled();
  }

  override async close(): Promise<void> {
    this.closing.abort();
    await this.connection.close();
  }

  private assertBaseModel(baseModel: string): void {
    const { baseModel: own } = this.connection.settings;
    if (baseModel !== own) throw otherBaseModel(baseModel, own);
  }

  private async claasErrors<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw asClaasError(error);
    }
  }
}

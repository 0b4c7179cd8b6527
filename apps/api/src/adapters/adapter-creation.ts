import { randomInt } from 'node:crypto';
import {
  AdapterExistsError,
  AdapterStore,
  ClaasError,
  DistillationEngine,
  LORA_MODULES,
  parseAdapterId,
  type AdapterId,
  type AdapterShape,
  type AdapterVersion,
  type LoraModule,
  type NewVersion,
} from '@claas/contracts';
import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { ServedAdapters } from '../backends/served-adapters.js';
import { SETTINGS, type Settings } from '../config/settings.js';
import { LOGGER } from '../logging/create-logger.js';
import { SharedServing } from '../replicas/shared-serving.js';
import { MAX_SEED, type InitAdapterDto } from './init-adapter.dto.js';

const DEFAULT_RANK = 32;
const DEFAULT_LORA_ALPHA = 64;

/** How adapters come into being: untrained, or out of an archive. */
@Injectable()
export class AdapterCreation {
  constructor(
    @Inject(DistillationEngine) private readonly engine: DistillationEngine,
    @Inject(AdapterStore) private readonly store: AdapterStore,
    @Inject(ServedAdapters) private readonly served: ServedAdapters,
    @Inject(SharedServing) private readonly shared: SharedServing,
    @Inject(SETTINGS) private readonly settings: Settings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** An untrained adapter `<name>-init` with the aliases `<name>` and `<name>-latest`. */
  async init(request: InitAdapterDto): Promise<AdapterId> {
    const name = parseAdapterId(request.lora_id);
    const loraId = parseAdapterId(`${name}-init`);
    const shape = this.shapeOf(request);
    const aliases = [name, parseAdapterId(`${name}-latest`)];
    for (const id of [loraId, ...aliases]) await this.requireFree(id);
    const seed = request.seed ?? randomInt(MAX_SEED + 1);
    const directory = await this.store.stage();
    await this.create(loraId, aliases, directory, { ...shape, origin: 'init', seed, ...UNTRAINED }, () =>
      this.engine.initAdapter({ ...shape, seed, outputDirectory: directory }),
    );
    return loraId;
  }

  /** The adapter that `archive` holds, as version 0 of `loraId`. */
  async import(id: string, archive: Uint8Array): Promise<AdapterId> {
    const loraId = parseAdapterId(id);
    await this.requireFree(loraId);
    const { maxArchiveBytes, maxUnpackedBytes, baseModel } = this.settings;
    const directory = await this.store.unpack(archive, { maxArchiveBytes, maxUnpackedBytes });
    const shape = await this.discardingOnFailure(directory, () =>
      this.engine.inspectAdapter({ directory, baseModel: baseModel.name }),
    );
    await this.create(loraId, [], directory, { ...shape, origin: 'import', ...UNTRAINED });
    return loraId;
  }

  private async create(
    loraId: AdapterId,
    aliases: readonly AdapterId[],
    directory: string,
    manifest: NewVersion,
    fill: () => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    await this.discardingOnFailure(directory, async (): Promise<AdapterVersion> => {
      await fill();
      return this.store.create(loraId, { directory, manifest, aliases });
    });
    await this.served.publishNew(loraId);
    await this.shared.announce(loraId, 0, null);
    this.logger.info({ lora_id: loraId, origin: manifest.origin, seed: manifest.seed }, 'adapter created');
  }

  private async discardingOnFailure<T>(directory: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await this.store.discard(directory);
      throw error;
    }
  }

  /** Before anything costly is done; the store checks again when it creates. */
  private async requireFree(id: AdapterId): Promise<void> {
    if (id === this.settings.baseModel.name) {
      throw new ClaasError(
        'adapter_id_conflict',
        `${id} is the name of the base model, and chat requests must be able to tell them apart. Choose another id.`,
        { lora_id: id },
      );
    }
    const isTaken = await this.store.resolve(id).then(
      () => true,
      (error: unknown) => {
        if (error instanceof ClaasError && error.code === 'adapter_not_found') return false;
        throw error;
      },
    );
    if (isTaken) throw new AdapterExistsError(id);
  }

  private shapeOf(request: InitAdapterDto): AdapterShape {
    return {
      baseModel: this.allowedBaseModel(request.base_model),
      rank: request.lora_r ?? DEFAULT_RANK,
      loraAlpha: request.lora_alpha ?? DEFAULT_LORA_ALPHA,
      targetModules: knownModules(request.target_modules ?? null),
    };
  }

  /** One base model is loaded at a time, so a name must be allowed and be that one. */
  private allowedBaseModel(requested: string | undefined): string {
    const { name, allowed } = this.settings.baseModel;
    const usable = allowed.filter((model) => model === name);
    const baseModel = requested ?? name;
    if (usable.includes(baseModel)) return baseModel;
    throw new ClaasError(
      'base_model_not_allowed',
      `base_model '${baseModel}' is not allowed for initialization. Allowed models: ${usable.join(', ') || 'none, because CLAAS_ALLOWED_INIT_BASE_MODELS does not have the loaded one'}.`,
      { base_model: baseModel, allowed: usable },
    );
  }
}

const UNTRAINED = { feedbackId: null, metrics: null, receipt: null } as const;

function knownModules(requested: readonly string[] | null): readonly LoraModule[] {
  if (requested === null) return LORA_MODULES;
  const unknown = requested.filter((module) => !LORA_MODULES.some((known) => known === module));
  if (unknown.length > 0) {
    throw new ClaasError(
      'target_module_unknown',
      `Unknown target modules: ${unknown.join(', ').slice(0, 200)}. Choose from ${LORA_MODULES.join(', ')}.`,
      { unknown, known: LORA_MODULES },
    );
  }
  return LORA_MODULES.filter((module) => requested.includes(module));
}

import { AdapterStore, ClaasError, type AdapterId, type ServedModel } from '@claas/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { AdapterNames } from '../backends/adapter-names.js';
import { ServedAdapters } from '../backends/served-adapters.js';
import { SETTINGS, type Settings } from '../config/settings.js';

export interface ModelEntry {
  /** What clients ask for. */
  readonly name: string;
  /** The adapter behind an alias, or the base model behind an adapter; null for the base model. */
  readonly root: string | null;
  readonly createdAt: Date;
}

/** What can be chatted with, by the names that clients use. */
@Injectable()
export class ModelDirectory {
  private readonly startedAt = new Date();

  constructor(
    @Inject(AdapterStore) private readonly store: AdapterStore,
    @Inject(AdapterNames) private readonly names: AdapterNames,
    @Inject(ServedAdapters) private readonly served: ServedAdapters,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Who answers for `name`, published. @throws ClaasError `model_not_found` */
  async find(name: string): Promise<ServedModel> {
    if (name === this.settings.baseModel.name) return { kind: 'base' };
    const loraId = await this.resolve(name);
    await this.served.ensurePublished(loraId);
    return { kind: 'adapter', loraId };
  }

  /** The base model, then adapters and aliases sorted by name. */
  async list(): Promise<ModelEntry[]> {
    const base = { name: this.settings.baseModel.name, root: null, createdAt: this.startedAt };
    const adapters = (await this.store.list()).map(({ loraId, head, createdAt }) => ({
      name: loraId,
      root: head.baseModel,
      createdAt: new Date(createdAt),
    }));
    const created = new Map(adapters.map(({ name, createdAt }) => [name, createdAt]));
    const aliases = [...(await this.store.aliases())].map(([name, loraId]) => ({
      name,
      root: loraId,
      createdAt: created.get(loraId) ?? this.startedAt,
    }));
    return [base, ...[...adapters, ...aliases].sort((a, b) => (a.name < b.name ? -1 : 1))];
  }

  private async resolve(name: string): Promise<AdapterId> {
    try {
      return await this.names.resolve(name);
    } catch (error) {
      if (!(error instanceof ClaasError)) throw error;
      if (error.code !== 'adapter_not_found' && error.code !== 'adapter_id_invalid') throw error;
      throw new ClaasError(
        'model_not_found',
        `The model ${JSON.stringify(name.slice(0, 200))} does not exist. GET /v1/models lists those that do.`,
        { model: name.slice(0, 200) },
        { cause: error },
      );
    }
  }
}

import { LoraAdapter, readAdapterFiles } from '@claas/core-model';
import type { LanguageModel } from '@claas/core-model';

const MAX_ADAPTERS = 8;

/** Adapters of checkpoints that were sampled from last. */
export class AdapterCache {
  private readonly adapters = new Map<string, LoraAdapter>();

  constructor(private readonly model: LanguageModel) {}

  /** The adapter in this directory; stays the cache's. One is asked for at a time. */
  async get(directory: string): Promise<LoraAdapter> {
    const known = this.adapters.get(directory);
    this.adapters.delete(directory);
    const { config } = this.model;
    const adapter = known ?? LoraAdapter.fromFiles(config, await readAdapterFiles(directory, config));
    this.adapters.set(directory, adapter);
    const [oldest] = this.adapters;
    if (this.adapters.size > MAX_ADAPTERS && oldest !== undefined) {
      this.adapters.delete(oldest[0]);
      oldest[1].dispose();
    }
    return adapter;
  }
}

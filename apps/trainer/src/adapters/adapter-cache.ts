import { stat } from 'node:fs/promises';
import { join } from 'node:path';

interface CacheEntry<T> {
  readonly adapter: Promise<T>;
  users: number;
}

/** What makes a directory the same version as before: an adapter that was removed and made again has the same path. */
const IDENTIFYING_FILES = ['adapter_config.json', 'adapter_model.safetensors'];

/**
 * Adapters that were read from their version directories, the most recently used ones kept. One that is used is never
 * freed, so there may be more than `maxAdapters` while so many answer at once.
 */
export class AdapterCache<T extends { dispose(): void }> {
  /** Least recently used first. */
  private readonly entries = new Map<string, CacheEntry<T>>();

  constructor(
    private readonly read: (directory: string) => Promise<T>,
    private readonly maxAdapters: number,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  /** Runs `work` with the directory's adapter, which must not be kept beyond it. */
  async use<R>(directory: string, work: (adapter: T) => Promise<R>): Promise<R> {
    const key = await identity(directory);
    const entry = this.entries.get(key) ?? { adapter: this.read(directory), users: 0 };
    this.entries.delete(key);
    this.entries.set(key, entry);
    entry.users += 1;
    try {
      return await work(await this.adapterOf(key, entry));
    } finally {
      entry.users -= 1;
      await this.evict();
    }
  }

  private async adapterOf(key: string, entry: CacheEntry<T>): Promise<T> {
    try {
      return await entry.adapter;
    } catch (error) {
      if (this.entries.get(key) === entry) this.entries.delete(key);
      throw error;
    }
  }

  private async evict(): Promise<void> {
    for (const [key, entry] of this.entries) {
      if (this.entries.size <= this.maxAdapters) return;
      if (entry.users > 0) continue;
      this.entries.delete(key);
      (await entry.adapter).dispose();
    }
  }
}

async function identity(directory: string): Promise<string> {
  const files = await Promise.all(
    IDENTIFYING_FILES.map(async (name) => {
      try {
        const { ino, size, mtimeMs } = await stat(join(directory, name));
        return `${ino}:${size}:${mtimeMs}`;
      } catch {
        // Reading it will say what is wrong.
        return 'missing';
      }
    }),
  );
  return [directory, ...files].join('|');
}

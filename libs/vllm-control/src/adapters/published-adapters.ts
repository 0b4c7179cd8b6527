import { stat } from 'node:fs/promises';
import { join, relative, isAbsolute, posix } from 'node:path';
import { ClaasError } from '@claas/contracts';
import type { AdapterId, AdapterSource, ServedVersion } from '@claas/contracts';
import type { VllmSettings } from '../settings/vllm-settings.js';
import { internalName, isVersionOf } from './adapter-names.js';
import { LoadedVersion } from './loaded-version.js';
import type { ServerAdapters } from './server-adapters.js';

/**
 * Which of the server's names answers for an adapter now. Each version is loaded under a name of its own beside the one
 * that answers, and then takes its place at once: no request meets a gap, and none meets two versions.
 */
export class PublishedAdapters {
  private readonly current = new Map<AdapterId, LoadedVersion>();
  /** Superseded, and still known to the server. */
  private readonly old = new Set<LoadedVersion>();
  /** Changes of one adapter come one after the other. */
  private readonly queues = new Map<AdapterId, Promise<unknown>>();
  private readonly unloading = new Set<Promise<void>>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private epoch = 0;

  constructor(
    private readonly server: ServerAdapters,
    private readonly settings: VllmSettings,
  ) {}

  versions(): readonly ServedVersion[] {
    return [...this.current.values()].map(({ source: { loraId, version } }) => ({ loraId, version }));
  }

  /** @throws ClaasError `model_not_found` */
  find(loraId: AdapterId): LoadedVersion {
    const loaded = this.current.get(loraId);
    if (loaded !== undefined) return loaded;
    const message = `No model named ${loraId} is served. GET /v1/models lists those that are.`;
    throw new ClaasError('model_not_found', message, { model: loraId });
  }

  /** What answered before, as long as the server knows it. */
  previous(loraId: AdapterId): LoadedVersion | null {
    return [...this.old].filter(({ source, kept }) => source.loraId === loraId && kept).at(-1) ?? null;
  }

  /** The version that answers a request which begins now; to be given back with `release`. */
  async acquire(loraId: AdapterId): Promise<LoadedVersion> {
    let loaded = this.find(loraId);
    if (loaded.epoch !== this.epoch) {
      await this.publish(loaded.source);
      loaded = this.find(loraId);
    }
    loaded.active += 1;
    return loaded;
  }

  release(loaded: LoadedVersion): void {
    loaded.active -= 1;
    this.unloadWhenDone(loaded);
  }

  publish(source: AdapterSource): Promise<void> {
    return this.inOrder(source.loraId, async () => {
      const next = await this.identify(source);
      const known = [this.current.get(source.loraId), ...this.old].find((loaded) => loaded?.name === next.name);
      const loaded = known ?? next;
      await this.server.load(loaded.name, loaded.path).catch((error: unknown) => {
        if (known === undefined) this.unload(next.name);
        throw error;
      });
      this.replace(source.loraId, loaded);
      // Left behind by a process that died; where others publish as well, they may be answering from it.
      if (this.settings.retainMs === 0) await this.unloadStrangers(source.loraId);
    });
  }

  /** The server forgot a version (it was started again): loads it under the same name. */
  reload(loaded: LoadedVersion): Promise<void> {
    return this.inOrder(loaded.source.loraId, () => this.server.load(loaded.name, loaded.path));
  }

  retract(loraId: AdapterId): Promise<void> {
    return this.inOrder(loraId, async () => {
      const loaded = this.current.get(loraId);
      this.current.delete(loraId);
      if (loaded !== undefined) this.old.add(loaded);
      for (const version of [...this.old].filter(({ source }) => source.loraId === loraId)) {
        version.superseded = true;
        version.kept = false;
        this.unloadWhenDone(version);
      }
      await this.unloadStrangers(loraId);
    });
  }

  /** The current version is known to answer: what it replaced may go. */
  confirm(loraId: AdapterId): void {
    for (const version of [...this.old].filter(({ source }) => source.loraId === loraId)) {
      version.kept = false;
      this.unloadWhenDone(version);
    }
  }

  /** The server's copies are gone or damaged: each adapter is loaded under a new name before its next request. */
  forgetLoads(): void {
    this.epoch += 1;
  }

  /** Resolves when nothing is being unloaded. */
  async settled(): Promise<void> {
    await Promise.all(this.unloading);
  }

  close(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }

  private replace(loraId: AdapterId, loaded: LoadedVersion): void {
    const before = this.current.get(loraId);
    this.current.set(loraId, loaded);
    loaded.superseded = false;
    loaded.kept = false;
    this.old.delete(loaded);
    if (before === undefined || before === loaded) return;
    this.confirm(loraId);
    before.superseded = true;
    before.kept = before.epoch === this.epoch;
    this.old.add(before);
    this.unloadWhenDone(before);
  }

  private async identify(source: AdapterSource): Promise<LoadedVersion> {
    const path = this.onServer(source.directory);
    const weights = await stat(join(source.directory, 'adapter_model.safetensors')).catch(() => null);
    const stamp = weights && `${weights.size} ${weights.mtimeMs}`;
    const name = internalName(this.settings.publicName(source.loraId), {
      version: source.version,
      path,
      stamp,
      epoch: this.epoch,
    });
    return new LoadedVersion(source, name, path, this.epoch);
  }

  private onServer(directory: string): string {
    const mapping = this.settings.adapterDirectoryMapping;
    if (mapping === null) return directory;
    const inside = relative(mapping.from, directory);
    if (inside.startsWith('..') || isAbsolute(inside)) {
      const message = `The adapter’s directory ${directory} is outside ${mapping.from}, which is all that the vLLM server sees. Correct the adapter directory mapping.`;
      throw new ClaasError('serving_failed', message);
    }
    return posix.join(mapping.to, ...inside.split(/[\\/]/));
  }

  private unloadWhenDone(loaded: LoadedVersion): void {
    if (!loaded.isDispensable || !this.old.has(loaded)) return;
    if (this.settings.retainMs === 0) {
      this.drop(loaded);
      return;
    }
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (loaded.isDispensable && this.old.has(loaded)) this.drop(loaded);
    }, this.settings.retainMs);
    timer.unref();
    this.timers.add(timer);
  }

  private drop(loaded: LoadedVersion): void {
    this.old.delete(loaded);
    this.unload(loaded.name);
  }

  /** Versions of the adapter that the server knows and this process doesn't. */
  private async unloadStrangers(loraId: AdapterId): Promise<void> {
    const publicName = this.settings.publicName(loraId);
    const known = [this.current.get(loraId), ...this.old].map((loaded) => loaded?.name);
    try {
      for (const { id } of await this.server.list()) {
        if (isVersionOf(publicName, id) && !known.includes(id)) this.unload(id);
      }
    } catch (error) {
      const message = `The server could not be asked for old versions of LoRA ${loraId}.`;
      this.settings.onWarning(message, { error: String(error) });
    }
  }

  /** In the background: a name that stays costs the server a little memory, and answers nobody. */
  private unload(name: string): void {
    const unloading = this.server
      .unload(name)
      .catch((error: unknown) => {
        this.settings.onWarning(`The server could not be told to forget ${name}.`, { error: String(error) });
      })
      .finally(() => this.unloading.delete(unloading));
    this.unloading.add(unloading);
  }

  private inOrder<T>(loraId: AdapterId, change: () => Promise<T>): Promise<T> {
    const result = (this.queues.get(loraId) ?? Promise.resolve()).then(change);
    const settled = result.catch(() => undefined);
    this.queues.set(loraId, settled);
    void settled.then(() => {
      if (this.queues.get(loraId) === settled) this.queues.delete(loraId);
    });
    return result;
  }
}

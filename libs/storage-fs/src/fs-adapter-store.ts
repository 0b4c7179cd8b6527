import { readFile, statfs } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type BeforeWrite,
  DurableWriter,
  explainingStorageErrors,
  exportVersion,
  sealFiles,
  StagingArea,
  storageUnavailable,
  stageArchive,
  unpackArchive,
} from '@claas/adapter-files';
import {
  AdapterStore,
  AdapterVersionNotFoundError,
  parseAdapterId,
  type AdapterArchive,
  type AdapterId,
  type AdapterSummary,
  type AdapterVersion,
  type ArchiveLimits,
  type CommittedVersion,
  type NewVersion,
  type VersionManifest,
} from '@claas/contracts';
import { AdapterReader } from './adapter/adapter-reader.js';
import { commitVersion } from './adapter/commit-version.js';
import { createAdapter } from './adapter/create-adapter.js';
import { removeAdapter } from './adapter/remove-adapter.js';
import { setAlias } from './alias/set-alias.js';
import { claimHead, moveHead, requireHead } from './head/move-head.js';
import { StoreLayout } from './layout/store-layout.js';
import { StoreLock } from './lock/store-lock.js';
import { recover, type StoreParts } from './recovery/recover.js';
import { StoreView } from './view/store-view.js';

export interface FsAdapterStoreOptions {
  /** The directory that holds the adapters; made when it is missing. */
  readonly root: string;
  /** Called before each change to the disk; tests throw from it to stop the store at that point. */
  readonly beforeWrite?: BeforeWrite;
}

/**
 * Adapters in a directory, safe against crashes and against other processes of the same host (docs/storage.md).
 * Whatever changes the store runs alone under one lock; readers take none.
 */
export class FsAdapterStore extends AdapterStore {
  readonly #parts: StoreParts;
  readonly #reader: AdapterReader;
  readonly #lock: StoreLock;

  constructor(options: FsAdapterStoreOptions) {
    super();
    const layout = new StoreLayout(resolve(options.root));
    const writer = new DurableWriter(options.beforeWrite);
    const staging = new StagingArea(layout, writer);
    this.#parts = { layout, writer, staging, view: new StoreView(layout, writer, () => staging.temporaryPath()) };
    this.#reader = new AdapterReader(layout);
    this.#lock = new StoreLock(layout.lock, writer);
  }

  override async open(): Promise<void> {
    const { layout, writer } = this.#parts;
    await this.#guard(async () => {
      for (const path of [layout.staging, layout.trash, layout.adapters]) await writer.makeDirectory(path);
    });
    await this.#alone(() => recover(this.#parts));
  }

  override stage(): Promise<string> {
    return this.#guard(() => this.#parts.staging.makeDirectory());
  }

  override discard(directory: string): Promise<void> {
    return this.#guard(() => this.#parts.staging.discard(directory));
  }

  override async create(
    loraId: AdapterId,
    version: { readonly directory: string; readonly manifest: NewVersion; readonly aliases: readonly AdapterId[] },
  ): Promise<AdapterVersion> {
    for (const id of [loraId, ...version.aliases]) parseAdapterId(id);
    const files = await sealFiles(await this.#parts.staging.requireStaged(version.directory));
    return this.#alone(() => createAdapter(this.#parts, loraId, { ...version, files }));
  }

  /** Waits for a commit that is under way: the lock is its too. */
  override async claim(loraId: AdapterId): Promise<string> {
    parseAdapterId(loraId);
    return this.#alone(() => claimHead(this.#parts, loraId));
  }

  override async commit(loraId: AdapterId, version: CommittedVersion): Promise<AdapterVersion> {
    parseAdapterId(loraId);
    await requireHead(this.#parts, loraId, version);
    const files = await sealFiles(await this.#parts.staging.requireStaged(version.directory));
    return this.#alone(() => commitVersion(this.#parts, loraId, version, files));
  }

  override async resolve(id: string): Promise<AdapterId> {
    return (await this.#reader.find(id)).loraId;
  }

  override read(id: string, version?: number): Promise<AdapterVersion> {
    return this.#reader.read(id, version);
  }

  override list(prefix = ''): Promise<AdapterSummary[]> {
    return this.#reader.list(prefix);
  }

  override aliases(): Promise<ReadonlyMap<string, AdapterId>> {
    return this.#reader.aliases();
  }

  override async setAlias(alias: AdapterId, target: AdapterId): Promise<void> {
    parseAdapterId(alias);
    await this.#alone(async () => setAlias(this.#parts, alias, (await this.#reader.find(target)).loraId));
  }

  override versions(id: string): Promise<VersionManifest[]> {
    return this.#reader.versions(id);
  }

  override async rollback(id: string, version: number): Promise<AdapterVersion> {
    return this.#alone(async () => {
      const head = await this.#reader.find(id);
      const target = await this.#reader.version(head, version);
      if (target === null) throw new AdapterVersionNotFoundError(head.loraId, version);
      await moveHead(this.#parts, { ...head, version, updatedAt: new Date().toISOString() });
      return target;
    });
  }

  override async export(id: string, version?: number): Promise<AdapterArchive> {
    return exportVersion(await this.read(id, version));
  }

  override unpack(archive: Uint8Array, limits: ArchiveLimits): Promise<string> {
    return stageArchive(this, (directory) => this.#guard(() => unpackArchive(archive, directory, limits)));
  }

  override async remove(id: string): Promise<boolean> {
    const name = parseAdapterId(id);
    return this.#alone(() => removeAdapter(this.#parts, name));
  }

  override async prune(
    id: string,
    { keep, inUse }: { readonly keep: number; readonly inUse: readonly number[] },
  ): Promise<number[]> {
    const { layout, staging } = this.#parts;
    return this.#alone(async () => {
      const head = await this.#reader.find(id);
      const spared = new Set([head.version, ...inUse]);
      const going = (await this.#reader.versionNumbers(head)).slice(keep).filter((version) => !spared.has(version));
      for (const version of going) await staging.trash(layout.version(head.loraId, version));
      return going.reverse();
    });
  }

  override async health(): Promise<{ readonly freeBytes: number | null }> {
    const { layout, writer, staging } = this.#parts;
    try {
      const probe = staging.temporaryPath();
      await writer.createFile(probe, 'probe');
      const found = await readFile(probe, 'utf8');
      await writer.removeFile(probe);
      if (found !== 'probe') throw new Error(`${probe} reads back as something else`);
      const { bavail, bsize } = await statfs(layout.root);
      return { freeBytes: bavail * bsize };
    } catch (error) {
      throw storageUnavailable(layout.root, error);
    }
  }

  #guard<T>(work: () => Promise<T>): Promise<T> {
    return explainingStorageErrors(this.#parts.layout.root, work);
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#guard(() => this.#lock.run(work));
  }
}

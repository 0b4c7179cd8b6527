import { randomUUID } from 'node:crypto';
import { readFile, readdir, statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  type BeforeWrite,
  DurableWriter,
  explainingStorageErrors,
  exportVersion,
  isVersionNumber,
  MANIFEST_FILE,
  manifestText,
  readManifest,
  readVersion,
  refuseNesting,
  refuseShadowing,
  sealFiles,
  StagingArea,
  storageUnavailable,
  syncPath,
  unpackArchive,
} from '@claas/adapter-files';
import {
  AdapterCorruptError,
  AdapterExistsError,
  AdapterIdConflictError,
  AdapterNotFoundError,
  AdapterStore,
  AdapterVersionNotFoundError,
  StaleClaimError,
  StaleParentError,
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
import { readAliases } from './alias/alias-table.js';
import { headText, readHead, type HeadPointer } from './head/head-pointer.js';
import {
  HEAD_FILE,
  HEAD_LINK,
  PENDING_ALIASES_FILE,
  StoreLayout,
  VERSIONS_FOLDER,
  headLinkTarget,
} from './layout/store-layout.js';
import { StoreLock } from './lock/store-lock.js';
import {
  adapterIds,
  pointHeadLink,
  recover,
  setPendingAliases,
  sweepUncommitted,
  writeAliases,
  type StoreParts,
} from './recovery/recover.js';
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
  readonly #lock: StoreLock;

  constructor(options: FsAdapterStoreOptions) {
    super();
    const layout = new StoreLayout(resolve(options.root));
    const writer = new DurableWriter(options.beforeWrite);
    const staging = new StagingArea(layout, writer);
    this.#parts = { layout, writer, staging, view: new StoreView(layout, writer, () => staging.temporaryPath()) };
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
    const { layout, writer, staging, view } = this.#parts;
    const files = await sealFiles(await staging.requireStaged(version.directory));
    return this.#alone(async () => {
      await this.#requireNewAdapter(loraId, version.aliases);
      const createdAt = new Date().toISOString();
      const manifest: VersionManifest = {
        ...version.manifest,
        format: 1,
        loraId,
        version: 0,
        parent: null,
        createdAt,
        files,
      };
      await this.#writeManifest(version.directory, manifest);
      // The adapter is made whole out of sight, and begins to exist by one rename.
      const adapter = await staging.makeDirectory();
      await writer.makeDirectory(join(adapter, VERSIONS_FOLDER));
      await writer.move(version.directory, join(adapter, VERSIONS_FOLDER, '0'));
      await writer.createLink(headLinkTarget(0), join(adapter, HEAD_LINK));
      if (version.aliases.length > 0) {
        await writer.createFile(join(adapter, PENDING_ALIASES_FILE), JSON.stringify(version.aliases));
      }
      const head: HeadPointer = { format: 1, loraId, version: 0, nextVersion: 1, createdAt, updatedAt: createdAt };
      await writer.createFile(join(adapter, HEAD_FILE), headText(head));
      // An alias that outlived an adapter of this id must not come back with the new one.
      const aliases = await this.#keptAliases();
      if (aliases.size < (await readAliases(layout.aliases)).size) await writeAliases(this.#parts, aliases);
      await writer.move(adapter, layout.adapter(loraId));
      await setPendingAliases(this.#parts, loraId);
      await view.show(loraId, loraId);
      return { manifest, directory: layout.version(loraId, 0) };
    });
  }

  /** Waits for a commit that is under way: the lock is its too. */
  override async claim(loraId: AdapterId): Promise<string> {
    parseAdapterId(loraId);
    const { layout, writer, staging } = this.#parts;
    return this.#alone(async () => {
      const head = await readHead(layout.head(loraId), loraId);
      if (head === null) throw new AdapterNotFoundError(loraId);
      const claim = randomUUID();
      await writer.replaceFile(layout.head(loraId), headText({ ...head, claim }), staging.temporaryPath());
      return claim;
    });
  }

  override async commit(loraId: AdapterId, version: CommittedVersion): Promise<AdapterVersion> {
    parseAdapterId(loraId);
    const { layout, writer, staging } = this.#parts;
    const { parent } = version;
    await this.#requireHead(loraId, version);
    const files = await sealFiles(await staging.requireStaged(version.directory));
    return this.#alone(async () => {
      const head = await this.#requireHead(loraId, version);
      const number = head.nextVersion;
      const now = new Date().toISOString();
      const manifest: VersionManifest = {
        ...version.manifest,
        format: 1,
        loraId,
        version: number,
        parent,
        createdAt: now,
        files,
      };
      await sweepUncommitted(this.#parts, head);
      await this.#writeManifest(version.directory, manifest);
      await writer.move(version.directory, layout.version(loraId, number));
      await this.#moveHead({ ...head, version: number, nextVersion: number + 1, updatedAt: now });
      return { manifest, directory: layout.version(loraId, number) };
    });
  }

  override async resolve(id: string): Promise<AdapterId> {
    return (await this.#find(id)).loraId;
  }

  override async read(id: string, version?: number): Promise<AdapterVersion> {
    let head = await this.#find(id);
    for (;;) {
      const wanted = version ?? head.version;
      const found = await this.#readVersion(head, wanted);
      if (found !== null) return found;
      // Not there: the adapter was removed, or its head moved on and the version was pruned, while we looked.
      const now = await this.#find(id);
      if (now.version === head.version && now.createdAt === head.createdAt) {
        if (wanted === head.version) throw new AdapterCorruptError(head.loraId, wanted, 'its directory is missing');
        throw new AdapterVersionNotFoundError(head.loraId, wanted);
      }
      head = now;
    }
  }

  override async list(prefix = ''): Promise<AdapterSummary[]> {
    const aliases = await this.aliases();
    const summaries: AdapterSummary[] = [];
    for (const loraId of (await adapterIds(this.#parts.layout)).sort()) {
      if (!loraId.startsWith(prefix)) continue;
      const summary = await this.#summary(loraId, aliases);
      if (summary !== null) summaries.push(summary);
    }
    return summaries;
  }

  override async aliases(): Promise<ReadonlyMap<string, AdapterId>> {
    const aliases = await readAliases(this.#parts.layout.aliases);
    const loraIds = new Set(await adapterIds(this.#parts.layout));
    return new Map([...aliases].filter(([, target]) => loraIds.has(target)).sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  override async setAlias(alias: AdapterId, target: AdapterId): Promise<void> {
    parseAdapterId(alias);
    await this.#alone(async () => {
      const { loraId } = await this.#find(target);
      const aliases = await this.#keptAliases();
      const adapters = await adapterIds(this.#parts.layout);
      refuseShadowing(alias, adapters);
      refuseNesting(alias, [...adapters, ...aliases.keys()]);
      await this.#parts.view.requireFree(alias);
      await writeAliases(this.#parts, new Map([...aliases, [alias, loraId]]));
      await this.#parts.view.show(alias, loraId);
    });
  }

  override async versions(id: string): Promise<VersionManifest[]> {
    const head = await this.#find(id);
    const manifests: VersionManifest[] = [];
    for (const version of await this.#versionNumbers(head)) {
      const address = { loraId: head.loraId, version, directory: this.#parts.layout.version(head.loraId, version) };
      const manifest = await readManifest(address);
      if (manifest !== null) manifests.push(manifest);
    }
    return manifests;
  }

  override async rollback(id: string, version: number): Promise<AdapterVersion> {
    return this.#alone(async () => {
      const head = await this.#find(id);
      const target = await this.#readVersion(head, version);
      if (target === null) throw new AdapterVersionNotFoundError(head.loraId, version);
      await this.#moveHead({ ...head, version, updatedAt: new Date().toISOString() });
      return target;
    });
  }

  override async export(id: string, version?: number): Promise<AdapterArchive> {
    return exportVersion(await this.read(id, version));
  }

  override async unpack(archive: Uint8Array, limits: ArchiveLimits): Promise<string> {
    const directory = await this.stage();
    try {
      await this.#guard(() => unpackArchive(archive, directory, limits));
      return directory;
    } catch (error) {
      await this.discard(directory);
      throw error;
    }
  }

  override async remove(id: string): Promise<boolean> {
    const name = parseAdapterId(id);
    return this.#alone(async () => {
      const { layout, staging, view } = this.#parts;
      const aliases = await this.#keptAliases();
      if (!(await adapterIds(layout)).includes(name)) {
        if (!aliases.has(name)) return false;
        await writeAliases(this.#parts, new Map([...aliases].filter(([alias]) => alias !== name)));
        await view.hide(name);
        return true;
      }
      await staging.trash(layout.adapter(name));
      const [gone, kept] = [[...aliases].filter(([, to]) => to === name), [...aliases].filter(([, to]) => to !== name)];
      if (gone.length > 0) await writeAliases(this.#parts, new Map(kept));
      for (const id of [name, ...gone.map(([alias]) => alias)]) await view.hide(id);
      return true;
    });
  }

  override async prune(
    id: string,
    { keep, inUse }: { readonly keep: number; readonly inUse: readonly number[] },
  ): Promise<number[]> {
    return this.#alone(async () => {
      const head = await this.#find(id);
      const spared = new Set([head.version, ...inUse]);
      const going = (await this.#versionNumbers(head)).slice(keep).filter((version) => !spared.has(version));
      for (const version of going) await this.#parts.staging.trash(this.#parts.layout.version(head.loraId, version));
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

  /** The head of an adapter, by its id or an alias. */
  async #find(id: string): Promise<HeadPointer> {
    const name = parseAdapterId(id);
    const { layout } = this.#parts;
    const head = await readHead(layout.head(name), name);
    if (head !== null) return head;
    const target = (await readAliases(layout.aliases)).get(name);
    const found = target === undefined ? null : await readHead(layout.head(target), target);
    if (found === null) throw new AdapterNotFoundError(id);
    return found;
  }

  /** Null when there is none, also for one that a commit has not finished. */
  async #readVersion(head: HeadPointer, version: number): Promise<AdapterVersion | null> {
    if (!isVersionNumber(version) || version >= head.nextVersion) return null;
    const directory = this.#parts.layout.version(head.loraId, version);
    return readVersion({ loraId: head.loraId, version, directory });
  }

  /** Newest first. */
  async #versionNumbers(head: HeadPointer): Promise<number[]> {
    const names = await readdir(this.#parts.layout.versions(head.loraId));
    return names
      .map(Number)
      .filter((number) => number < head.nextVersion)
      .sort((a, b) => b - a);
  }

  /** Null when the adapter was removed meanwhile. */
  async #summary(loraId: AdapterId, aliases: ReadonlyMap<string, AdapterId>): Promise<AdapterSummary | null> {
    try {
      const { createdAt, updatedAt } = await this.#find(loraId);
      const { manifest } = await this.read(loraId);
      const own = [...aliases].filter(([, target]) => target === loraId).map(([alias]) => alias);
      return { loraId, aliases: own, head: manifest, createdAt, updatedAt };
    } catch (error) {
      if (error instanceof AdapterNotFoundError) return null;
      throw error;
    }
  }

  /** Without those whose adapter a crash removed before them. */
  async #keptAliases(): Promise<Map<AdapterId, AdapterId>> {
    const adapters = new Set(await adapterIds(this.#parts.layout));
    const aliases = await readAliases(this.#parts.layout.aliases);
    return new Map([...aliases].filter(([, target]) => adapters.has(target)));
  }

  async #requireNewAdapter(loraId: AdapterId, newAliases: readonly AdapterId[]): Promise<void> {
    const adapters = await adapterIds(this.#parts.layout);
    if (adapters.includes(loraId)) throw new AdapterExistsError(loraId);
    const aliases = await this.#keptAliases();
    if (aliases.has(loraId)) throw new AdapterIdConflictError(loraId, loraId);
    const taken = [...adapters, ...aliases.keys(), loraId, ...newAliases];
    for (const alias of newAliases) refuseShadowing(alias, [...adapters, loraId]);
    for (const id of [loraId, ...newAliases]) {
      refuseNesting(id, taken);
      await this.#parts.view.requireFree(id);
    }
  }

  /** @throws StaleParentError, StaleClaimError */
  async #requireHead(loraId: AdapterId, { parent, claim }: CommittedVersion): Promise<HeadPointer> {
    const head = await readHead(this.#parts.layout.head(loraId), loraId);
    if (head === null) throw new AdapterNotFoundError(loraId);
    if (head.version !== parent) throw new StaleParentError(loraId, parent, head.version);
    if (claim !== undefined && claim !== head.claim) throw new StaleClaimError(loraId);
    return head;
  }

  async #writeManifest(directory: string, manifest: VersionManifest): Promise<void> {
    const { writer, staging } = this.#parts;
    await writer.replaceFile(join(directory, MANIFEST_FILE), manifestText(manifest), staging.temporaryPath());
    await syncPath(directory);
  }

  async #moveHead(head: HeadPointer): Promise<void> {
    const { layout, writer, staging } = this.#parts;
    await writer.replaceFile(layout.head(head.loraId), headText(head), staging.temporaryPath());
    await pointHeadLink(this.#parts, head);
  }
}

import {
  exportVersion,
  folderOf,
  manifestText,
  MANIFEST_FILE,
  stageArchive,
  unpackArchive,
} from '@claas/adapter-files';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AdapterNotFoundError,
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
import { AdapterReader, placeIn } from './adapter/adapter-reader.js';
import { orRemove, orRemoveIfRefused, removeQuietly } from './files/remove-leftovers.js';
import { keptVersions, type HeadRecord } from './head/head-record.js';
import type { VersionPlace } from './layout/volume-layout.js';
import { VOLUME, adapterPath, versionPath } from './layout/volume-layout.js';
import { located, refuseTakenNames, withAdapter, withAlias, withoutName } from './names/name-changes.js';
import { aliasIds, folderIn, targetIn } from './names/names-table.js';
import { openVolume, type ModalVolumeOptions, type OpenVolume } from './open-volume.js';
import { explainingVolumeErrors, volumeUnavailable } from './rpc/modal-errors.js';
import { readKept } from './sweep/read-kept.js';
import { sweepVolume } from './sweep/sweep-volume.js';
import { newManifest } from './version/new-manifest.js';
import { digestVersion, uploadVersion, type VersionDigests } from './version/upload-version.js';
import { VolumeDirectories } from './volume-directories.js';

/**
 * Adapters on a Modal volume of the second version, safe against crashes and against other processes anywhere (docs/storage.md).
 * Whatever changes goes into new files; which of them are in force is said by records that only one process can create.
 */
export class ModalVolumeAdapterStore extends AdapterStore {
  /** For files of others on the same volume. */
  readonly directories: VolumeDirectories;
  #volume: OpenVolume | null = null;

  constructor(private readonly options: ModalVolumeOptions) {
    super();
    this.directories = new VolumeDirectories(
      async () => (this.#volume ??= await openVolume(options)).files,
      (work) => this.#guard(work),
      options.onProgress ?? (() => undefined),
    );
  }

  override open(): Promise<void> {
    return this.#guard(async () => {
      const volume = (this.#volume ??= await openVolume(this.options));
      await volume.cache.open();
      await volume.names.open();
      const kept = await sweepVolume(volume.files, () => readKept(volume));
      await volume.cache.keepOnly(kept.isKeptVersion);
      await volume.announcement.renew();
    });
  }

  override stage(): Promise<string> {
    return this.#guard(() => this.#opened.cache.staging.makeDirectory());
  }

  override discard(directory: string): Promise<void> {
    return this.#guard(() => this.#opened.cache.staging.discard(directory));
  }

  override async create(
    loraId: AdapterId,
    version: { readonly directory: string; readonly manifest: NewVersion; readonly aliases: readonly AdapterId[] },
  ): Promise<AdapterVersion> {
    for (const id of [loraId, ...version.aliases]) parseAdapterId(id);
    const { announcement, cache, files, names, heads, makers, shelf } = this.#opened;
    return this.#guard(async () => {
      await announcement.renew();
      await cache.staging.requireStaged(version.directory);
      refuseTakenNames(await names.table(), loraId, version.aliases);
      const digests = await digestVersion(version.directory, files);
      const place = { adapter: makers.name(folderOf(loraId)), version: makers.name('0') };
      const createdAt = new Date().toISOString();
      const manifest = newManifest(version.manifest, { loraId, version: 0, parent: null, createdAt, digests });
      const head: HeadRecord = {
        format: 1,
        loraId,
        version: 0,
        nextVersion: 1,
        createdAt,
        updatedAt: createdAt,
        versions: { 0: place.version },
      };
      await orRemove(files, adapterPath(place.adapter), async () => {
        await this.#upload(version.directory, manifest, digests, place);
        await heads.append(place.adapter, 0, head);
      });
      // From here on the adapter may exist, also when this fails: nothing may be removed.
      await orRemoveIfRefused(files, adapterPath(place.adapter), () =>
        names.change((table) => withAdapter(table, { loraId, folder: place.adapter, aliases: version.aliases })),
      );
      await writeFile(join(version.directory, MANIFEST_FILE), manifestText(manifest));
      return shelf.adopt(place, manifest, version.directory);
    });
  }

  override claim(loraId: AdapterId): Promise<string> {
    parseAdapterId(loraId);
    return this.#guard(async () => {
      const claim = randomUUID();
      for (;;) {
        const found = await this.#adapters.find(loraId);
        if (found.loraId !== loraId) throw new AdapterNotFoundError(loraId);
        if (await this.#opened.heads.append(found.folder, found.record, { ...found.head, commitClaim: claim }))
          return claim;
      }
    });
  }

  override async commit(loraId: AdapterId, version: CommittedVersion): Promise<AdapterVersion> {
    parseAdapterId(loraId);
    const { announcement, cache, files, heads, makers, shelf } = this.#opened;
    const { parent, directory } = version;
    return this.#guard(async () => {
      await announcement.renew();
      await cache.staging.requireStaged(directory);
      let found = await this.#adapters.requireHead(loraId, version);
      const digests = await digestVersion(directory, files);
      for (;;) {
        const { folder } = found;
        const number = found.head.nextVersion;
        const place = { adapter: folder, version: makers.name(String(number)) };
        const createdAt = new Date().toISOString();
        const manifest = newManifest(version.manifest, { loraId, version: number, parent, createdAt, digests });
        const path = versionPath(place);
        found = await orRemove(files, path, async () => {
          await this.#upload(directory, manifest, digests, place);
          return this.#adapters.requireHead(loraId, version);
        });
        const isCurrent = found.folder === folder && found.head.nextVersion === number;
        const next: HeadRecord = {
          ...found.head,
          version: number,
          nextVersion: number + 1,
          updatedAt: createdAt,
          versions: { ...found.head.versions, [number]: place.version },
        };
        if (isCurrent && (await heads.append(folder, found.record, next))) {
          await writeFile(join(directory, MANIFEST_FILE), manifestText(manifest));
          return shelf.adopt(place, manifest, directory);
        }
        await removeQuietly(files, path);
      }
    });
  }

  override async resolve(id: string): Promise<AdapterId> {
    const name = parseAdapterId(id);
    return this.#guard(async () => located(await this.#opened.names.table(), name).loraId);
  }

  override read(id: string, version?: number): Promise<AdapterVersion> {
    return this.#guard(() => this.#adapters.read(id, version));
  }

  override list(prefix = ''): Promise<AdapterSummary[]> {
    return this.#guard(() => this.#adapters.list(prefix));
  }

  override aliases(): Promise<ReadonlyMap<string, AdapterId>> {
    return this.#guard(async () => {
      const table = await this.#opened.names.table();
      return new Map(aliasIds(table).map((alias) => [alias, targetIn(table, alias)!]));
    });
  }

  override async setAlias(alias: AdapterId, target: AdapterId): Promise<void> {
    parseAdapterId(alias);
    const name = parseAdapterId(target);
    await this.#guard(() => this.#opened.names.change((table) => withAlias(table, alias, name)));
  }

  override versions(id: string): Promise<VersionManifest[]> {
    return this.#guard(() => this.#adapters.versions(id));
  }

  override rollback(id: string, version: number): Promise<AdapterVersion> {
    return this.#guard(async () => {
      for (;;) {
        const found = await this.#adapters.find(id);
        const target = await this.#adapters.readVersion(found, version);
        if (target === null) throw new AdapterVersionNotFoundError(found.loraId, version);
        const head = { ...found.head, version, updatedAt: new Date().toISOString() };
        if (await this.#opened.heads.append(found.folder, found.record, head)) return target;
      }
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
    return this.#guard(async () => {
      const { files, names, heads, cache } = this.#opened;
      const before = await names.change((table) => withoutName(table, name));
      const folder = before === null ? undefined : folderIn(before, name);
      if (folder === undefined) return before !== null;
      const record = await heads.latest(folder).catch(() => null);
      await removeQuietly(files, adapterPath(folder));
      heads.forget(folder);
      for (const version of Object.values(record?.content.versions ?? {}))
        await cache.forget({ adapter: folder, version });
      return true;
    });
  }

  override prune(
    id: string,
    { keep, inUse }: { readonly keep: number; readonly inUse: readonly number[] },
  ): Promise<number[]> {
    return this.#guard(async () => {
      for (;;) {
        const found = await this.#adapters.find(id);
        const spared = new Set([found.head.version, ...inUse]);
        const going = keptVersions(found.head)
          .slice(keep)
          .filter((version) => !spared.has(version));
        if (going.length === 0) return [];
        const kept = Object.entries(found.head.versions).filter(([version]) => !going.includes(Number(version)));
        const head = { ...found.head, versions: Object.fromEntries(kept) };
        if (!(await this.#opened.heads.append(found.folder, found.record, head))) continue;
        for (const version of going) {
          const place = placeIn(found, version)!;
          await removeQuietly(this.#opened.files, versionPath(place));
          await this.#opened.shelf.forget(place);
        }
        return going.reverse();
      }
    });
  }

  override async health(): Promise<{ readonly freeBytes: number | null }> {
    const { volume } = this.options;
    try {
      const { files, makers } = this.#opened;
      const probe = `${VOLUME.processes}/${makers.maker}-probe`;
      const text = `probe of ${new Date().toISOString()}`;
      await files.writeText(probe, text, { createOnly: false });
      const found = await files.readText(probe);
      await files.remove(probe);
      if (found !== text) throw new Error(`${probe} reads back as something else`);
      // A volume has no limit that could be asked for.
      return { freeBytes: null };
    } catch (error) {
      throw volumeUnavailable(volume, error);
    }
  }

  get #opened(): OpenVolume {
    if (this.#volume === null) throw new Error('The store is not open: call open() first');
    return this.#volume;
  }

  get #adapters(): AdapterReader {
    return new AdapterReader(this.#opened);
  }

  #guard<T>(work: () => Promise<T>): Promise<T> {
    return explainingVolumeErrors(this.options, work);
  }

  #upload(directory: string, manifest: VersionManifest, digests: VersionDigests, place: VersionPlace): Promise<void> {
    const { files, onProgress } = this.#opened;
    return uploadVersion(files, { directory, digests, manifest, place, onProgress });
  }
}

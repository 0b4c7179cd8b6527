import { isVersionNumber } from '@claas/adapter-files';
import {
  AdapterCorruptError,
  AdapterNotFoundError,
  AdapterVersionNotFoundError,
  StaleClaimError,
  StaleParentError,
  parseAdapterId,
  type AdapterId,
  type AdapterSummary,
  type AdapterVersion,
  type CommittedVersion,
  type VersionManifest,
} from '@claas/contracts';
import { inParallel } from '../blocks/in-parallel.js';
import { headMissing, keptVersions, type HeadRecord } from '../head/head-record.js';
import type { VersionPlace } from '../layout/volume-layout.js';
import { located } from '../names/name-changes.js';
import { adapterIds, aliasIds, folderIn, targetIn, type NamesTable } from '../names/names-table.js';
import type { OpenVolume } from '../open-volume.js';

/** Adapters looked at at once. */
const PARALLEL_ADAPTERS = 16;
const FIND_ATTEMPTS = 5;

/** An adapter as it is now: its head, and where that stands. */
export interface FoundAdapter {
  readonly loraId: AdapterId;
  /** Below `.claas/adapters`. */
  readonly folder: string;
  readonly record: number;
  readonly head: HeadRecord;
}

/** Reads adapters through the names, their heads, and the copies of versions. */
export class AdapterReader {
  constructor(private readonly volume: OpenVolume) {}

  /** By its id or an alias. */
  async find(id: string): Promise<FoundAdapter> {
    const name = parseAdapterId(id);
    const { names, heads } = this.volume;
    for (let attempt = 1; ; attempt += 1) {
      const { loraId, folder } = located(await names.table(), name);
      const record = await heads.latest(folder);
      if (record !== null) return { loraId, folder, record: record.number, head: record.content };
      // Removed while we looked: the names say so now, unless the head is lost.
      if (attempt === FIND_ATTEMPTS) throw headMissing(loraId, folder);
    }
  }

  /** @throws StaleParentError, StaleClaimError */
  async requireHead(
    loraId: AdapterId,
    { parent, claim }: Pick<CommittedVersion, 'parent' | 'claim'>,
  ): Promise<FoundAdapter> {
    const found = await this.find(loraId);
    // An alias is not the adapter that it names.
    if (found.loraId !== loraId) throw new AdapterNotFoundError(loraId);
    if (found.head.version !== parent) throw new StaleParentError(loraId, parent, found.head.version);
    if (claim !== undefined && claim !== found.head.commitClaim) throw new StaleClaimError(loraId);
    return found;
  }

  /** Null when there is none. */
  async readVersion(found: FoundAdapter, version: number): Promise<AdapterVersion | null> {
    const place = isVersionNumber(version) ? placeIn(found, version) : null;
    return place === null ? null : this.volume.shelf.read({ loraId: found.loraId, version, place });
  }

  /** The head when no version is given. @throws AdapterVersionNotFoundError, AdapterCorruptError */
  async read(id: string, version?: number): Promise<AdapterVersion> {
    let found = await this.find(id);
    for (;;) {
      const wanted = version ?? found.head.version;
      const read = await this.readVersion(found, wanted);
      if (read !== null) return read;
      // Not there: the adapter was removed, or its head moved on and the version was pruned, while we looked.
      const now = await this.find(id);
      if (now.record === found.record && now.folder === found.folder) {
        if (Object.hasOwn(now.head.versions, wanted))
          throw new AdapterCorruptError(now.loraId, wanted, 'files of it are missing on the volume');
        throw new AdapterVersionNotFoundError(now.loraId, wanted);
      }
      found = now;
    }
  }

  /** Newest first. */
  async versions(id: string): Promise<VersionManifest[]> {
    const found = await this.find(id);
    const manifests = await inParallel(keptVersions(found.head), PARALLEL_ADAPTERS, (version) =>
      this.volume.shelf.manifest({ loraId: found.loraId, version, place: placeIn(found, version)! }),
    );
    return manifests.filter((manifest) => manifest !== null);
  }

  async list(prefix: string): Promise<AdapterSummary[]> {
    const table = await this.volume.names.table();
    const loraIds = adapterIds(table).filter((loraId) => loraId.startsWith(prefix));
    const summaries = await inParallel(loraIds, PARALLEL_ADAPTERS, (loraId) => this.#summary(loraId, table));
    return summaries.filter((summary) => summary !== null);
  }

  /** Null when the adapter was removed meanwhile. */
  async #summary(loraId: AdapterId, table: NamesTable): Promise<AdapterSummary | null> {
    const folder = folderIn(table, loraId)!;
    const aliases = aliasIds(table).filter((alias) => targetIn(table, alias) === loraId);
    for (let attempt = 1; ; attempt += 1) {
      const record = await this.volume.heads.latest(folder);
      if (record === null) return null;
      const { version, createdAt, updatedAt, versions } = record.content;
      const place = { adapter: folder, version: versions[version]! };
      const head = await this.volume.shelf.manifest({ loraId, version, place });
      if (head !== null) return { loraId, aliases, head, createdAt, updatedAt };
      // The head moved on and this version was pruned, or the adapter is just being removed.
      if (attempt === FIND_ATTEMPTS) return null;
    }
  }
}

/** Null for a version that is not kept. */
export function placeIn({ folder, head }: FoundAdapter, version: number): VersionPlace | null {
  return Object.hasOwn(head.versions, version) ? { adapter: folder, version: head.versions[version]! } : null;
}

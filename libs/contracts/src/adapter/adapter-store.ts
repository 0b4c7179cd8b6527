import type { Readable } from 'node:stream';
import type { AdapterId } from './adapter-id.js';
import type { AdapterSummary, AdapterVersion, NewVersion, VersionManifest } from './adapter-manifest.js';

export interface AdapterArchive {
  /** Safe in a `Content-Disposition` header for any id. */
  readonly filename: string;
  /** A zip with `adapter_config.json` and `adapter_model.safetensors` at its root. */
  readonly stream: Readable;
}

export interface ArchiveLimits {
  readonly maxArchiveBytes: number;
  readonly maxUnpackedBytes: number;
}

/** What is to become the next version. */
export interface CommittedVersion {
  readonly parent: number;
  readonly directory: string;
  readonly manifest: NewVersion;
  /** Of a step; without one only the parent is compared. */
  readonly claim?: string;
}

/**
 * Where adapters live. An adapter is a series of immutable numbered versions (0 is the untrained one) and one head.
 *
 * Guarantees, for every implementation:
 * - A reader sees one whole version or another, never a mixture, also after a crash or power loss between any two writes.
 * - A version's files never change once its manifest can be read; numbers are never reused, not even after a rollback.
 * - `commit` is compare-and-swap on the head: of two commits from one parent, one wins and the other throws StaleParentError.
 * - A commit with a claim happened before the next `claim` of its adapter returned, or never will, however long it stands still.
 * - No id leaves the root, and no two ids share a place.
 * - What a crash left half-written is swept when the store is opened, and is never listed.
 *
 * Methods that take `id` accept an adapter id or an alias, and throw AdapterNotFoundError for neither,
 * AdapterIdInvalidError for text that can't be one.
 */
export abstract class AdapterStore {
  /** Makes the store ready: creates what is missing, sweeps what a crash left. To be called once, before anything else. */
  abstract open(): Promise<void>;

  /** A new empty directory on the store's own file system, for the files of a version to come. Swept at the next `open` if unused. */
  abstract stage(): Promise<string>;

  /** Gives a staged directory up; missing is fine. */
  abstract discard(directory: string): Promise<void>;

  /**
   * A new adapter whose version 0 is the content of the staged `directory` (which is consumed).
   * @throws AdapterExistsError, AdapterIdConflictError
   */
  abstract create(
    loraId: AdapterId,
    version: { readonly directory: string; readonly manifest: NewVersion; readonly aliases: readonly AdapterId[] },
  ): Promise<AdapterVersion>;

  /**
   * Takes over the right to commit with a claim, which is the one that is returned: whoever claimed before has lost it. So
   * that a step can be given up for one that stands still, and nothing of it comes afterwards.
   */
  abstract claim(loraId: AdapterId): Promise<string>;

  /**
   * A new version from the staged `directory` (which is consumed), and the head on it.
   * @throws StaleParentError when the head is not `parent`, StaleClaimError when `claim` is given and not the latest; the
   *   staged directory is then left to the caller
   */
  abstract commit(loraId: AdapterId, version: CommittedVersion): Promise<AdapterVersion>;

  /** The real id behind an id or an alias. */
  abstract resolve(id: string): Promise<AdapterId>;

  /**
   * A version by number, the head when none is given. Files are checked against the manifest's sizes.
   * @throws AdapterVersionNotFoundError, AdapterCorruptError
   */
  abstract read(id: string, version?: number): Promise<AdapterVersion>;

  /**
   * Real adapters, sorted by id. `prefix` matches ids that start with it, character by character:
   * `user1/` never matches `user10/x`.
   */
  abstract list(prefix?: string): Promise<AdapterSummary[]>;

  /** Every alias with the id that it points at, sorted by alias. */
  abstract aliases(): Promise<ReadonlyMap<string, AdapterId>>;

  /** Points an alias at an adapter, atomically; moves it when it exists. @throws AdapterIdConflictError for the id of an adapter */
  abstract setAlias(alias: AdapterId, target: AdapterId): Promise<void>;

  /** Kept versions, newest first. */
  abstract versions(id: string): Promise<VersionManifest[]>;

  /** Moves the head to a kept version; no version is removed. @throws AdapterVersionNotFoundError */
  abstract rollback(id: string, version: number): Promise<AdapterVersion>;

  /** @throws AdapterVersionNotFoundError */
  abstract export(id: string, version?: number): Promise<AdapterArchive>;

  /**
   * Unpacks an archive as `export` makes it into a staged directory, which the caller then checks and passes to `create`.
   * @throws AdapterArchiveInvalidError for anything but the known files at its root, a path out of it, or a size over the limits
   */
  abstract unpack(archive: Uint8Array, limits: ArchiveLimits): Promise<string>;

  /** Removes the adapter, its versions and aliases. An alias removes only itself. False when there was nothing. */
  abstract remove(id: string): Promise<boolean>;

  /** Removes the oldest versions beyond `keep`; never the head, nor one of `inUse`. Returns the numbers that went. */
  abstract prune(id: string, options: { readonly keep: number; readonly inUse: readonly number[] }): Promise<number[]>;

  /** Writes, reads and removes one small file. @throws ClaasError `storage_unavailable` */
  abstract health(): Promise<{ readonly freeBytes: number | null }>;
}

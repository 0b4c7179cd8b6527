import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DurableWriter,
  PROCESS_IDENTITY,
  StagingArea,
  hasSystemCode,
  isProcessGone,
  readVersion,
  sha256Of,
  unlessMissing,
  type StagingFolders,
} from '@claas/adapter-files';
import { AdapterCorruptError, type AdapterVersion, type VersionManifest } from '@claas/contracts';
import type { VersionPlace } from '../layout/volume-layout.js';

/** A version may be on its way for hours; what another host left for this long was left by a crash. */
const FOREIGN_AFTER_MS = 24 * 3_600_000;
/** A version that is younger may have been committed since somebody looked which ones are kept. */
const SETTLED_AFTER_MS = 3_600_000;

/**
 * Versions on this machine's disk, as directories that never change. What is here is a copy: it can be removed at any time, and a
 * copy that isn't what its manifest says counts as missing. Several processes may share one.
 */
export class VersionCache {
  readonly staging: StagingArea;
  readonly #folders: StagingFolders;
  readonly #versions: string;
  readonly #partial: string;
  /** Directories that this process has made or checked. */
  readonly #checked = new Set<string>();

  constructor(root: string) {
    this.#folders = { staging: join(root, 'staging'), trash: join(root, 'trash') };
    this.#versions = join(root, 'versions');
    this.#partial = join(root, 'partial');
    this.staging = new StagingArea(this.#folders, new DurableWriter());
  }

  async open(): Promise<void> {
    const { staging, trash } = this.#folders;
    for (const path of [staging, trash, this.#versions, this.#partial]) await mkdir(path, { recursive: true });
    await this.staging.sweep();
  }

  /** Null when there is none, or a damaged one. Each is read once through in a process, to compare its checksums. */
  async find(place: VersionPlace, manifest: VersionManifest): Promise<AdapterVersion | null> {
    const { loraId, version } = manifest;
    const directory = this.#directory(place);
    try {
      const found = await readVersion({ loraId, version, directory });
      if (found === null) return null;
      if (this.#checked.has(directory) || (await this.#isWhole(found))) return found;
    } catch (error) {
      if (!(error instanceof AdapterCorruptError)) throw error;
    }
    await this.forget(place);
    return null;
  }

  /** Moves a whole version here. The directory that was given is gone then. */
  async adopt(place: VersionPlace, from: string): Promise<string> {
    const directory = this.#directory(place);
    await mkdir(join(this.#versions, place.adapter), { recursive: true });
    try {
      await rename(from, directory);
    } catch (error) {
      if (!hasSystemCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
      // Another process was faster; what it brought is the same.
      await rm(from, { recursive: true });
    }
    this.#checked.add(directory);
    return directory;
  }

  /** A directory to download into, with what a process that is gone has brought already. */
  async beginDownload(place: VersionPlace): Promise<string> {
    const folder = join(this.#partial, partialName(place));
    const own = join(folder, PROCESS_IDENTITY);
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(folder)) {
      if (name === PROCESS_IDENTITY) return own;
      const found = await unlessMissing(stat(join(folder, name)));
      if (found === null) continue;
      const age = { ageMs: Date.now() - found.mtimeMs, foreignAfterMs: FOREIGN_AFTER_MS };
      if (!isProcessGone(name, age)) continue;
      const taken = await rename(join(folder, name), own).then(
        () => true,
        () => false,
      );
      if (taken) return own;
    }
    await mkdir(own, { recursive: true });
    return own;
  }

  /** Nothing to go on with is left of a download. */
  async endDownload(place: VersionPlace): Promise<void> {
    await rm(join(this.#partial, partialName(place)), { recursive: true, force: true });
  }

  async forget(place: VersionPlace): Promise<void> {
    const directory = this.#directory(place);
    this.#checked.delete(directory);
    if ((await unlessMissing(stat(directory))) !== null) await unlessMissing(this.staging.trash(directory));
  }

  /** Removes copies of versions that the volume doesn't have any more. */
  async keepOnly(isKept: (place: VersionPlace) => boolean): Promise<void> {
    for (const adapter of await readdir(this.#versions)) {
      for (const version of await readdir(join(this.#versions, adapter))) {
        const place = { adapter, version };
        if (!isKept(place) && (await isSettled(this.#directory(place)))) await this.forget(place);
      }
    }
    for (const name of await readdir(this.#partial)) {
      const [adapter = '', version = ''] = name.split('+');
      const isOld = await isSettled(join(this.#partial, name));
      if (isOld && !isKept({ adapter, version })) await this.endDownload({ adapter, version });
    }
  }

  #directory({ adapter, version }: VersionPlace): string {
    return join(this.#versions, adapter, version);
  }

  async #isWhole({ manifest, directory }: AdapterVersion): Promise<boolean> {
    for (const { name, sha256 } of manifest.files) {
      const file = await open(join(directory, name), 'r');
      try {
        if ((await sha256Of(file)) !== sha256) return false;
      } finally {
        await file.close();
      }
    }
    this.#checked.add(directory);
    return true;
  }
}

/** `+` can't occur in the name of a folder of ours. */
function partialName({ adapter, version }: VersionPlace): string {
  return `${adapter}+${version}`;
}

async function isSettled(path: string): Promise<boolean> {
  const found = await unlessMissing(stat(path));
  return found !== null && Date.now() - found.mtimeMs > SETTLED_AFTER_MS;
}

import { MANIFEST_FILE, parseManifest } from '@claas/adapter-files';
import { AdapterCorruptError, type AdapterId, type AdapterVersion, type VersionManifest } from '@claas/contracts';
import type { VersionCache } from '../cache/version-cache.js';
import type { VolumeFiles } from '../files/volume-files.js';
import { versionPath, type VersionPlace } from '../layout/volume-layout.js';
import { UnexpectedFileError } from '../transfer/download.js';
import { downloadVersion } from './download-version.js';
import type { OnTransferProgress } from './transfer-progress.js';

/** Manifests with their receipts are small, and never change. */
const KEPT_MANIFESTS = 500;

export interface VersionOnVolume {
  readonly loraId: AdapterId;
  readonly version: number;
  readonly place: VersionPlace;
}

/** Reads versions of the volume through the copies on this machine. */
export class VersionShelf {
  readonly #manifests = new Map<string, VersionManifest>();
  /** A version that several ask for at once comes once. */
  readonly #coming = new Map<string, Promise<AdapterVersion | null>>();

  constructor(
    private readonly files: VolumeFiles,
    private readonly cache: VersionCache,
    private readonly onProgress: OnTransferProgress,
  ) {}

  /** Null when the volume doesn't have it (any more). @throws AdapterCorruptError */
  async manifest({ loraId, version, place }: VersionOnVolume): Promise<VersionManifest | null> {
    const path = versionPath(place);
    const known = this.#manifests.get(path);
    if (known !== undefined) return known;
    const text = await this.files.readText(`${path}/${MANIFEST_FILE}`);
    if (text === null) return null;
    const manifest = parseManifest(text, { loraId, version, directory: path });
    this.remember(place, manifest);
    return manifest;
  }

  remember(place: VersionPlace, manifest: VersionManifest): void {
    this.#manifests.set(versionPath(place), manifest);
    const [oldest] = this.#manifests.keys();
    if (this.#manifests.size > KEPT_MANIFESTS && oldest !== undefined) this.#manifests.delete(oldest);
  }

  /** With its files on this machine. Null when the volume doesn't have it (any more). @throws AdapterCorruptError */
  read(wanted: VersionOnVolume): Promise<AdapterVersion | null> {
    const path = versionPath(wanted.place);
    const coming = this.#coming.get(path) ?? this.#read(wanted).finally(() => this.#coming.delete(path));
    this.#coming.set(path, coming);
    return coming;
  }

  async forget(place: VersionPlace): Promise<void> {
    this.#manifests.delete(versionPath(place));
    await this.cache.forget(place);
  }

  async #read(wanted: VersionOnVolume): Promise<AdapterVersion | null> {
    const { loraId, version, place } = wanted;
    const manifest = await this.manifest(wanted);
    if (manifest === null) return null;
    const found = await this.cache.find(place, manifest);
    if (found !== null) return found;
    const directory = await this.cache.beginDownload(place);
    try {
      const download = { place, manifest, directory, onProgress: this.onProgress };
      if (!(await downloadVersion(this.files, download))) {
        await this.cache.endDownload(place);
        return null;
      }
    } catch (error) {
      if (!(error instanceof UnexpectedFileError)) throw error;
      await this.cache.endDownload(place);
      throw new AdapterCorruptError(loraId, version, error.message);
    }
    const adopted = { manifest, directory: await this.cache.adopt(place, directory) };
    await this.cache.endDownload(place);
    return adopted;
  }

  /** What is in a staged directory becomes the copy of a version that is on the volume. */
  async adopt(place: VersionPlace, manifest: VersionManifest, staged: string): Promise<AdapterVersion> {
    this.remember(place, manifest);
    return { manifest, directory: await this.cache.adopt(place, staged) };
  }
}

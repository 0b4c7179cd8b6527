import { join } from 'node:path';
import { MANIFEST_FILE, manifestText, versionFileNames } from '@claas/adapter-files';
import type { VersionManifest } from '@claas/contracts';
import { inParallel } from '../blocks/in-parallel.js';
import type { VolumeFiles } from '../files/volume-files.js';
import { versionPath, type VersionPlace } from '../layout/volume-layout.js';
import { digestFile, type FileDigest } from '../transfer/file-digest.js';
import { progressMeter, type OnTransferProgress } from './transfer-progress.js';

/** Each with some blocks in memory. */
const PARALLEL_FILES = 3;

/** The files of a staged directory, by name, each read once. */
export type VersionDigests = ReadonlyMap<string, FileDigest>;

/** @throws Error for a directory that isn't an adapter */
export async function digestVersion(directory: string, files: VolumeFiles): Promise<VersionDigests> {
  const digests = new Map<string, FileDigest>();
  for (const name of await versionFileNames(directory)) {
    digests.set(name, await digestFile(join(directory, name), files.buffers));
  }
  return digests;
}

export interface VersionUpload {
  readonly directory: string;
  readonly digests: VersionDigests;
  readonly manifest: VersionManifest;
  readonly place: VersionPlace;
  readonly onProgress: OnTransferProgress;
}

/** Puts a version's files on the volume, the manifest last. Nothing points at it yet. */
export async function uploadVersion(files: VolumeFiles, version: VersionUpload): Promise<void> {
  const { directory, digests, manifest, place, onProgress } = version;
  const { loraId, version: number } = manifest;
  const totalBytes = [...digests.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  const onBytes = progressMeter(onProgress, {
    direction: 'upload',
    what: `version ${number} of ${loraId}`,
    totalBytes,
  });
  await inParallel([...digests], PARALLEL_FILES, ([name, digest]) =>
    files.uploadFile(`${versionPath(place)}/${name}`, { path: join(directory, name), digest }, onBytes),
  );
  await files.writeText(`${versionPath(place)}/${MANIFEST_FILE}`, manifestText(manifest), { createOnly: false });
}

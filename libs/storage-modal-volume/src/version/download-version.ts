import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MANIFEST_FILE, manifestText } from '@claas/adapter-files';
import type { VersionManifest } from '@claas/contracts';
import type { VolumeFiles } from '../files/volume-files.js';
import { versionPath, type VersionPlace } from '../layout/volume-layout.js';
import { JOURNAL, downloadFile } from '../transfer/download-file.js';
import { progressMeter, type OnTransferProgress } from './transfer-progress.js';

export interface VersionDownload {
  readonly place: VersionPlace;
  readonly manifest: VersionManifest;
  /** May hold what an earlier attempt has brought. */
  readonly directory: string;
  readonly onProgress: OnTransferProgress;
}

/** Brings a version's files into a directory. False when one of them is not on the volume. @throws UnexpectedFileError */
export async function downloadVersion(files: VolumeFiles, version: VersionDownload): Promise<boolean> {
  const { place, manifest, directory, onProgress } = version;
  const { loraId, version: number } = manifest;
  const totalBytes = manifest.files.reduce((sum, { bytes }) => sum + bytes, 0);
  const onBytes = progressMeter(onProgress, {
    direction: 'download',
    what: `version ${number} of ${loraId}`,
    totalBytes,
  });
  for (const file of manifest.files) {
    const path = `${versionPath(place)}/${file.name}`;
    if (!(await downloadFile(files, path, join(directory, file.name), file, onBytes))) return false;
  }
  for (const { name } of manifest.files) await rm(join(directory, name + JOURNAL), { force: true });
  await writeFile(join(directory, MANIFEST_FILE), manifestText(manifest));
  return true;
}

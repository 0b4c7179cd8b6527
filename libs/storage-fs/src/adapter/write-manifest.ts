import { join } from 'node:path';
import { MANIFEST_FILE, manifestText, syncPath } from '@claas/adapter-files';
import type { VersionManifest } from '@claas/contracts';
import type { StoreParts } from '../recovery/recover.js';

/** Into the directory of a version that nothing points at yet. */
export async function writeManifest(
  { writer, staging }: StoreParts,
  directory: string,
  manifest: VersionManifest,
): Promise<void> {
  await writer.replaceFile(join(directory, MANIFEST_FILE), manifestText(manifest), staging.temporaryPath());
  await syncPath(directory);
}

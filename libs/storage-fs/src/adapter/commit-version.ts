import type { AdapterId, AdapterVersion, CommittedVersion, VersionManifest } from '@claas/contracts';
import { moveHead, requireHead } from '../head/move-head.js';
import { sweepUncommitted, type StoreParts } from '../recovery/recover.js';
import { writeManifest } from './write-manifest.js';

/** The staged version, sealed, becomes the head. To be run under the lock. @throws StaleParentError, StaleClaimError */
export async function commitVersion(
  parts: StoreParts,
  loraId: AdapterId,
  version: CommittedVersion,
  files: VersionManifest['files'],
): Promise<AdapterVersion> {
  const { layout, writer } = parts;
  const { parent, directory } = version;
  const head = await requireHead(parts, loraId, version);
  const number = head.nextVersion;
  const createdAt = new Date().toISOString();
  const manifest: VersionManifest = {
    ...version.manifest,
    format: 1,
    loraId,
    version: number,
    parent,
    createdAt,
    files,
  };
  await sweepUncommitted(parts, head);
  await writeManifest(parts, directory, manifest);
  await writer.move(directory, layout.version(loraId, number));
  await moveHead(parts, { ...head, version: number, nextVersion: number + 1, updatedAt: createdAt });
  return { manifest, directory: layout.version(loraId, number) };
}

import type { AdapterId, NewVersion, VersionManifest } from '@claas/contracts';
import type { VersionDigests } from './upload-version.js';

export function newManifest(
  version: NewVersion,
  about: {
    readonly loraId: AdapterId;
    readonly version: number;
    readonly parent: number | null;
    readonly createdAt: string;
    readonly digests: VersionDigests;
  },
): VersionManifest {
  const { digests, ...rest } = about;
  const files = [...digests].map(([name, { bytes, sha256 }]) => ({ name, bytes, sha256 }));
  return { ...version, format: 1, ...rest, files };
}

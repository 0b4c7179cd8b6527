import { createHash } from 'node:crypto';
import type { AdapterId } from '@claas/contracts';

/** `~` is in no adapter id, so that `a/b` and `a-b` differ; and no name has a `/`, which file resolvers would walk. */
export function defaultPublicName(loraId: AdapterId): string {
  return loraId.replaceAll('/', '~');
}

/** What tells one load of a version from another: never the same for other weights. */
export interface VersionIdentity {
  readonly version: number;
  /** As the server sees it. */
  readonly path: string;
  /** Size and time of the weights' file; null where this process can't see it. */
  readonly stamp: string | null;
  /** How often the server has lost what it had loaded. */
  readonly epoch: number;
}

/**
 * The server's name for one load of one version. vLLM's prefix cache knows adapters by name alone, so that other weights
 * under a name that was used before would be answered from the old ones' keys and values.
 */
export function internalName(publicName: string, { version, path, stamp, epoch }: VersionIdentity): string {
  const identity = createHash('sha256')
    .update(JSON.stringify([path, stamp, epoch]))
    .digest('hex')
    .slice(0, 10);
  return `${publicName}@v${version}.${identity}`;
}

/** Whether `name` is some version of the adapter: `@` is in no adapter id. */
export function isVersionOf(publicName: string, name: string): boolean {
  return name.startsWith(`${publicName}@v`);
}

import { posix } from 'node:path';

const OWN = '.claas';

/** Where everything lies on the volume, from its root. */
export const VOLUME = {
  names: `${OWN}/names`,
  adapters: `${OWN}/adapters`,
  processes: `${OWN}/processes`,
} as const;

/** One version's place on the volume. No two attempts to make a version share one. */
export interface VersionPlace {
  /** Folder of the adapter, below `.claas/adapters`. */
  readonly adapter: string;
  /** Folder of the version, below the adapter's `versions`. */
  readonly version: string;
}

export function adapterPath(adapter: string): string {
  return posix.join(VOLUME.adapters, adapter);
}

export function headsPath(adapter: string): string {
  return posix.join(adapterPath(adapter), 'heads');
}

export function versionPath({ adapter, version }: VersionPlace): string {
  return posix.join(adapterPath(adapter), 'versions', version);
}

/** The place that a path on the volume lies in, or null for one that is not of a version. */
export function placeOf(path: string): VersionPlace | null {
  const found = /^\.claas\/adapters\/([^/]+)\/versions\/([^/]+)(?:\/|$)/.exec(path);
  return found === null ? null : { adapter: found[1]!, version: found[2]! };
}

/** The adapter's folder that a path on the volume lies in. */
export function adapterOf(path: string): string | null {
  return /^\.claas\/adapters\/([^/]+)(?:\/|$)/.exec(path)?.[1] ?? null;
}

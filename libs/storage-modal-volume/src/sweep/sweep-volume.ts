import { inParallel } from '../blocks/in-parallel.js';
import type { VolumeFiles } from '../files/volume-files.js';
import { makerOf } from '../layout/maker-names.js';
import { VOLUME, adapterOf, adapterPath, placeOf, versionPath, type VersionPlace } from '../layout/volume-layout.js';
import { ABANDONED_AFTER_MS, readMakers } from './makers.js';

/** What the names and heads on the volume point at. */
export interface KeptOnVolume {
  readonly isKeptAdapter: (adapter: string) => boolean;
  readonly isKeptVersion: (place: VersionPlace) => boolean;
}

/**
 * Removes adapters and versions that nothing points at: uploads that a crash cut, and removals that it kept from ending. What a
 * process that is there, or may be there on another host, is just making stays. `readKept` is called last, so that whatever a
 * process has committed before it was found to be gone is seen.
 */
export async function sweepVolume(files: VolumeFiles, readKept: () => Promise<KeptOnVolume>): Promise<KeptOnVolume> {
  const { gone, announcements } = await readMakers(files);
  const entries = (await files.list(VOLUME.adapters, true)) ?? [];
  const kept = await readKept();
  const unwanted = new Map<string, { readonly maker: string | null; newestMs: number }>();
  for (const { path, modifiedMs } of entries) {
    const found = unwantedFolder(path, kept);
    if (found === null) continue;
    const newestMs = Math.max(modifiedMs, unwanted.get(found.folder)?.newestMs ?? 0);
    unwanted.set(found.folder, { maker: makerOf(found.folder), newestMs });
  }
  const left = [...unwanted].filter(
    ([, { maker, newestMs }]) => (maker !== null && gone.has(maker)) || Date.now() - newestMs > ABANDONED_AFTER_MS,
  );
  await inParallel(left, 4, ([folder]) => files.remove(folder));
  await inParallel(announcements, 4, (path) => files.remove(path));
  return kept;
}

/** The adapter or version that `path` belongs to, where nothing points at it. */
function unwantedFolder(
  path: string,
  { isKeptAdapter, isKeptVersion }: KeptOnVolume,
): { readonly folder: string } | null {
  const adapter = adapterOf(path);
  if (adapter === null) return null;
  if (!isKeptAdapter(adapter)) return { folder: adapterPath(adapter) };
  const place = placeOf(path);
  return place === null || isKeptVersion(place) ? null : { folder: versionPath(place) };
}

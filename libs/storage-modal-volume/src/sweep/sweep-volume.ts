import { inParallel } from '../blocks/in-parallel.js';
import type { VolumeFiles } from '../files/volume-files.js';
import { makerOf } from '../layout/maker-names.js';
import { VOLUME, adapterOf, adapterPath, placeOf, versionPath, type VersionPlace } from '../layout/volume-layout.js';
import { readMakers } from './makers.js';

/** What the names and heads on the volume point at. */
export interface KeptOnVolume {
  readonly isKeptAdapter: (adapter: string) => boolean;
  readonly isKeptVersion: (place: VersionPlace) => boolean;
}

/**
 * Removes adapters and versions that nothing points at: uploads that a crash cut, and removals that it kept from ending. What a
 * process that is there, or may be there on another host, is just making stays. The order matters: whoever made a folder that is
 * listed announced itself before, and whatever a process committed before it was found to be gone is seen by `readKept`.
 */
export async function sweepVolume(files: VolumeFiles, readKept: () => Promise<KeptOnVolume>): Promise<KeptOnVolume> {
  const entries = (await files.list(VOLUME.adapters, true)) ?? [];
  const { active, outdated } = await readMakers(files);
  const kept = await readKept();
  const unwanted = new Set(entries.map(({ path }) => unwantedFolder(path, kept)).filter((folder) => folder !== null));
  const left = [...unwanted].filter((folder) => !active.has(makerOf(folder) ?? ''));
  await inParallel(left, 4, (folder) => files.remove(folder));
  await inParallel(outdated, 4, (path) => files.remove(path));
  return kept;
}

/** The adapter or version that `path` belongs to, where nothing points at it. */
function unwantedFolder(path: string, { isKeptAdapter, isKeptVersion }: KeptOnVolume): string | null {
  const adapter = adapterOf(path);
  if (adapter === null) return null;
  if (!isKeptAdapter(adapter)) return adapterPath(adapter);
  const place = placeOf(path);
  return place === null || isKeptVersion(place) ? null : versionPath(place);
}

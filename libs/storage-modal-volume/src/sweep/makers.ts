import { PROCESS_IDENTITY, isProcessGone } from '@claas/adapter-files';
import { inParallel } from '../blocks/in-parallel.js';
import type { VolumeFiles } from '../files/volume-files.js';
import { VOLUME } from '../layout/volume-layout.js';

/** An upload takes minutes; what nobody has touched for this long was left by a crash. */
export const ABANDONED_AFTER_MS = 24 * 3_600_000;

/** Says on the volume who makes folders of this name, so that a later process can tell whether it is still there. */
export async function announceMaker(files: VolumeFiles, maker: string): Promise<void> {
  const text = JSON.stringify({ process: PROCESS_IDENTITY });
  await files.writeText(`${VOLUME.processes}/${maker}.json`, text, { createOnly: false });
}

export interface AnnouncedMakers {
  /** Gone for certain, or of this process before it was opened again. */
  readonly gone: ReadonlySet<string>;
  /** Announcements that say nothing any more once what their makers left is swept. */
  readonly announcements: readonly string[];
}

/** Of another host nothing is known, however old its announcement is: the age of what it made decides. */
export async function readMakers(files: VolumeFiles): Promise<AnnouncedMakers> {
  const gone = new Set<string>();
  const announcements: string[] = [];
  const announced = (await files.list(VOLUME.processes)) ?? [];
  await inParallel(announced, 8, async ({ path, modifiedMs }) => {
    const maker = /([0-9a-f]{12})\.json$/.exec(path)?.[1];
    const text = maker === undefined ? null : await files.readText(path);
    if (maker === undefined || text === null) return;
    const identity = readIdentity(text);
    const ageMs = Date.now() - modifiedMs;
    const isGone = identity === PROCESS_IDENTITY || isProcessGone(identity, { ageMs, foreignAfterMs: Infinity });
    if (isGone) gone.add(maker);
    if (isGone || ageMs > ABANDONED_AFTER_MS) announcements.push(path);
  });
  return { gone, announcements };
}

function readIdentity(text: string): string {
  try {
    const { process } = JSON.parse(text) as { process?: unknown };
    return String(process);
  } catch {
    return '';
  }
}

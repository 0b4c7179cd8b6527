import { PROCESS_IDENTITY, isProcessGone } from '@claas/adapter-files';
import { inParallel } from '../blocks/in-parallel.js';
import type { VolumeFiles } from '../files/volume-files.js';
import { VOLUME } from '../layout/volume-layout.js';

/** An upload takes minutes. Whoever begins one has announced itself within the first half of this. */
const ANNOUNCED_FOR_MS = 24 * 3_600_000;

/** Tells the others on the volume that this process may be making folders, so that they don't take them for left-overs. */
export class MakerAnnouncement {
  #announcedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly files: VolumeFiles,
    private readonly maker: string,
  ) {}

  /** To be called before anything is made. */
  async renew(): Promise<void> {
    if (performance.now() - this.#announcedAt < ANNOUNCED_FOR_MS / 2) return;
    const text = JSON.stringify({ process: PROCESS_IDENTITY });
    await this.files.writeText(`${VOLUME.processes}/${this.maker}.json`, text, { createOnly: false });
    this.#announcedAt = performance.now();
  }
}

export interface AnnouncedMakers {
  /** May be making something just now; everybody else is gone, or was never heard of. */
  readonly active: ReadonlySet<string>;
  /** Announcements of the others. */
  readonly outdated: readonly string[];
}

/** A process of this host is looked for; of another host the age of its announcement decides. */
export async function readMakers(files: VolumeFiles): Promise<AnnouncedMakers> {
  const active = new Set<string>();
  const outdated: string[] = [];
  const announced = (await files.list(VOLUME.processes)) ?? [];
  await inParallel(announced, 8, async ({ path, modifiedMs }) => {
    const maker = /([0-9a-f]{12})\.json$/.exec(path)?.[1];
    const text = await files.readText(path);
    if (text === null) return;
    const identity = readIdentity(text);
    const age = { ageMs: Date.now() - modifiedMs, foreignAfterMs: ANNOUNCED_FOR_MS };
    // Of this process: it was open before, and is opened again.
    const isOutdated = maker === undefined || identity === PROCESS_IDENTITY || isProcessGone(identity, age);
    if (isOutdated) outdated.push(path);
    else active.add(maker);
  });
  return { active, outdated };
}

function readIdentity(text: string): string {
  try {
    const { process } = JSON.parse(text) as { process?: unknown };
    return String(process);
  } catch {
    return '';
  }
}

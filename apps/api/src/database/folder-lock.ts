import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import lockfile from 'proper-lockfile';
import { DatabaseInUseError } from './database-in-use-error.js';
import { isAlive, thisProcess, type ProcessIdentity } from './process-identity.js';

const HEARTBEAT_MS = 5_000;
/** The process of another host (or container) can't be asked; without a heartbeat for so long it counts as dead. */
const SILENCE_MS = 30_000;

/**
 * A folder that one process at a time may use. The owner is written into `<folder>.owner.json`; a process that was
 * killed leaves that file behind, and the next one sees that the owner is dead and takes the folder over at once.
 */
export class FolderLock {
  private constructor(
    private readonly ownerFile: string,
    private readonly heartbeat: NodeJS.Timeout,
  ) {}

  /** @throws DatabaseInUseError that names the process which holds the folder */
  static async acquire(folder: string): Promise<FolderLock> {
    await mkdir(folder, { recursive: true });
    const ownerFile = `${folder}.owner.json`;
    const release = await lockfile.lock(folder, {
      lockfilePath: `${folder}.owner.lock`,
      stale: 5_000,
      retries: { retries: 60, minTimeout: 100, maxTimeout: 200 },
    });
    try {
      const owner = await readOwner(ownerFile);
      if (owner !== null && (await isInUse(owner, ownerFile))) throw new DatabaseInUseError(folder, describe(owner));
      await writeOwner(ownerFile);
    } finally {
      await release();
    }
    const heartbeat = setInterval(() => void touch(ownerFile), HEARTBEAT_MS);
    heartbeat.unref();
    return new FolderLock(ownerFile, heartbeat);
  }

  async release(): Promise<void> {
    clearInterval(this.heartbeat);
    await rm(this.ownerFile, { force: true });
  }
}

async function readOwner(ownerFile: string): Promise<ProcessIdentity | null> {
  try {
    return JSON.parse(await readFile(ownerFile, 'utf8')) as ProcessIdentity;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function isInUse(owner: ProcessIdentity, ownerFile: string): Promise<boolean> {
  if (owner.host === thisProcess().host) return isAlive(owner);
  const { mtimeMs } = await stat(ownerFile);
  return Date.now() - mtimeMs < SILENCE_MS;
}

/** Complete or not at all: a reader never sees half of it. */
async function writeOwner(ownerFile: string): Promise<void> {
  const draft = join(`${ownerFile}.${process.pid}`);
  await writeFile(draft, JSON.stringify(thisProcess()));
  await rename(draft, ownerFile);
}

async function touch(ownerFile: string): Promise<void> {
  const now = new Date();
  await utimes(ownerFile, now, now).catch(() => undefined);
}

function describe(owner: ProcessIdentity): string {
  const isHere = owner.host === thisProcess().host;
  return isHere ? `process ${owner.processId}` : `process ${owner.processId} on ${owner.host}`;
}

import { lstat, readlink, rename, rm, symlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { SetUpError } from '../set-up/set-up-error.js';
import { isGone, processIdentity } from './process-identity.js';

export interface LockOptions {
  /** How long another process may keep the lock; a lock of another host that is older than this was left by a crash. */
  readonly timeoutMs: number;
  /** Called once when another process has the lock. */
  readonly onWait: (processId: string) => void;
}

const POLL_MS = 250;

/**
 * Runs `work` while no other process holds the lock. The lock is a symbolic link whose target names its holder, so that
 * taking it and saying who has it are one step; the lock of a process that is gone is broken at once.
 * @throws SetUpError `busy`
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const identity = processIdentity();
  const deadline = Date.now() + options.timeoutMs;
  let hasWaited = false;
  while (!(await take(path, identity))) {
    const holder = await readlink(path).catch(() => null);
    if (holder === null) continue;
    if (await isLeftBehind(path, holder, options.timeoutMs)) {
      await breakLock(path, holder);
      continue;
    }
    if (Date.now() > deadline) throw busy(path, holder, options.timeoutMs);
    if (!hasWaited) options.onWait(holder.split('~')[0] ?? '');
    hasWaited = true;
    await delay(POLL_MS);
  }
  try {
    return await work();
  } finally {
    // Not ours any more when another host took it for left behind.
    if ((await readlink(path).catch(() => null)) === identity) await rm(path, { force: true });
  }
}

async function take(path: string, identity: string): Promise<boolean> {
  try {
    await symlink(identity, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function isLeftBehind(path: string, holder: string, foreignAfterMs: number): Promise<boolean> {
  const gone = isGone(holder);
  if (gone !== null) return gone;
  const link = await lstat(path).catch(() => null);
  return link !== null && Date.now() - link.mtimeMs > foreignAfterMs;
}

/**
 * Moves the dead holder's lock away. If another process broke it and took the lock in between, what was moved is a living
 * lock: it is put back. (Were it taken once more in that moment, both would work; each has a staging folder of its own.)
 */
async function breakLock(path: string, gone: string): Promise<void> {
  const aside = `${path}.broken-${process.pid}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const moved = await readlink(aside).catch(() => gone);
  if (moved !== gone) await take(path, moved);
  await rm(aside, { force: true });
}

function busy(path: string, holder: string, timeoutMs: number): SetUpError {
  const [processId] = holder.split('~');
  return new SetUpError(
    'busy',
    `process ${processId ?? ''} has been setting up the native runtime for more than ${Math.round(timeoutMs / 60_000)} minutes`,
    `wait for it; if it is gone, remove ${path}`,
  );
}

import { randomUUID } from 'node:crypto';
import { lstat, readlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type DurableWriter,
  hasSystemCode,
  isProcessGone,
  PROCESS_IDENTITY,
  unlessMissing,
} from '@claas/adapter-files';
import { ClaasError } from '@claas/contracts';

/** A lock is held for milliseconds; one of an unknown host that is this old was left by a crash. */
const FOREIGN_LOCK_AFTER_MS = 60_000;

/** What this process holds. A lock that names this process and isn't here was left by a failed release. */
const heldHere = new Set<string>();

/**
 * One writer at a time on a root, among all processes of a host. The lock is a symbolic link whose target names its holder,
 * so that taking it and saying who has it are one step; the lock of a process that is gone is broken at once.
 */
export class StoreLock {
  #queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly path: string,
    private readonly writer: DurableWriter,
    private readonly timeoutMs = 30_000,
  ) {}

  /** Runs `work` alone. @throws ClaasError `storage_unavailable` when another process keeps the lock */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(async () => {
      const holder = await this.#acquire(this.path);
      try {
        return await work();
      } finally {
        await this.#release(this.path, holder);
      }
    });
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #acquire(path: string): Promise<string> {
    const holder = `${PROCESS_IDENTITY}~${randomUUID()}`;
    const deadline = Date.now() + this.timeoutMs;
    while (!(await this.#take(path, holder))) {
      const other = await unlessMissing(readlink(path));
      if (other === null) continue;
      if (await isLeftBehind(path, other)) await this.#break(path, other);
      else if (Date.now() > deadline) throw lockTimeout(path, other);
      else await delay(2 + Math.random() * 20);
    }
    return holder;
  }

  async #take(path: string, holder: string): Promise<boolean> {
    heldHere.add(holder);
    try {
      await this.writer.createLink(holder, path);
      return true;
    } catch (error) {
      heldHere.delete(holder);
      if (hasSystemCode(error, 'EEXIST')) return false;
      throw error;
    }
  }

  /**
   * Removes the lock of a holder that is gone, never a newer one: whoever breaks this holder's lock holds a lock of that name,
   * so nobody else can remove it between the look and the removal. A crash in here is broken in the same way.
   */
  async #break(path: string, gone: string): Promise<void> {
    // Named by the holder alone: a crash while a crashed breaker's lock is broken must not make names longer and longer.
    const breaking = `${this.path}.break-${gone.slice(gone.lastIndexOf('~') + 1)}`;
    const holder = await this.#acquire(breaking);
    try {
      if ((await unlessMissing(readlink(path))) === gone) await unlessMissing(this.writer.removeFile(path));
    } finally {
      await this.#release(breaking, holder);
    }
  }

  async #release(path: string, holder: string): Promise<void> {
    heldHere.delete(holder);
    if ((await unlessMissing(readlink(path))) === holder) await unlessMissing(this.writer.removeFile(path));
  }
}

async function isLeftBehind(path: string, holder: string): Promise<boolean> {
  if (holder.startsWith(`${PROCESS_IDENTITY}~`)) return !heldHere.has(holder);
  const link = await unlessMissing(lstat(path));
  if (link === null) return false;
  return isProcessGone(holder, { ageMs: Date.now() - link.mtimeMs, foreignAfterMs: FOREIGN_LOCK_AFTER_MS });
}

function lockTimeout(path: string, holder: string): ClaasError {
  const [processId, , , host] = holder.split('~');
  return new ClaasError(
    'storage_unavailable',
    `Another process (${processId} on ${host}) keeps the adapter store locked. Wait for it to end; if it is gone, remove ${path}.`,
    { lock: path },
  );
}

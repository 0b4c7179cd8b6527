import { DatabaseSession } from './database-session.js';
import type { LockTable } from './lock-table.js';
import { SessionLostError } from './session-lost-error.js';

/** Of a database that one process alone has open: its locks are between parts of that process. */
export class EmbeddedSession extends DatabaseSession {
  private readonly ending = new AbortController();

  constructor(
    private readonly purpose: string,
    private readonly locks: LockTable,
  ) {
    super();
  }

  override get lost(): AbortSignal {
    return this.ending.signal;
  }

  override async lock(name: string): Promise<void> {
    await this.assertAlive();
    let giveUp = (): void => undefined;
    const ended = new Promise<never>((_resolve, reject) => {
      giveUp = () => {
        reject(new SessionLostError(this.purpose));
      };
      this.lost.addEventListener('abort', giveUp);
    });
    try {
      await Promise.race([this.locks.acquire(name, this), ended]);
    } finally {
      this.lost.removeEventListener('abort', giveUp);
    }
  }

  override async assertAlive(): Promise<void> {
    if (this.lost.aborted) throw new SessionLostError(this.purpose);
    await Promise.resolve();
  }

  override async close(): Promise<void> {
    this.ending.abort();
    this.locks.releaseAll(this);
    await Promise.resolve();
  }
}

import { eq, sql } from 'drizzle-orm';
import type { DatabaseSession } from '../database/database-session.js';
import type { Database } from '../database/database.js';
import { acceleratorLeases } from '../database/schema.js';
import { Lease } from './lease.js';
import { Mutex } from './mutex.js';

/** The row of `accelerator_leases`: there is one accelerator. */
export const ACCELERATOR = 'accelerator';

/**
 * The accelerator is leased to one piece of work at a time, among all processes on the database, in order of asking.
 * The lease is a lock of a connection of its own: whoever dies gives it up at once.
 */
export class AcceleratorLease {
  private readonly mutex = new Mutex();

  constructor(private readonly database: Database) {}

  /**
   * @param signal ends the wait for the lease, not the work
   * @throws SessionLostError when the wait ends without the lease, ClaasError `storage_unavailable`
   */
  async run<Result>(work: (lease: Lease) => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    return this.mutex.run(async () => {
      const session = await this.database.openSession('accelerator');
      try {
        await lockUnlessAborted(session, signal);
        const lease = new Lease(session, await this.nextToken());
        await lease.assertHeld();
        return await work(lease);
      } finally {
        await session.close();
      }
    });
  }

  private async nextToken(): Promise<number> {
    const [row] = await this.database.orm
      .update(acceleratorLeases)
      .set({ token: sql`${acceleratorLeases.token} + 1` })
      .where(eq(acceleratorLeases.name, ACCELERATOR))
      .returning();
    if (row === undefined) throw new Error('The row of accelerator_leases is missing.');
    return row.token;
  }
}

async function lockUnlessAborted(session: DatabaseSession, signal: AbortSignal | undefined): Promise<void> {
  const giveUp = (): void => void session.close();
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    if (signal?.aborted === true) await session.close();
    await session.lock(ACCELERATOR);
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

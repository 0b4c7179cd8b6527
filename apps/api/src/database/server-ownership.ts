import { setTimeout as delay } from 'node:timers/promises';
import { ClaasError } from '@claas/contracts';
import pg from 'pg';
import { DatabaseInUseError } from './database-in-use-error.js';

/** Any number that nothing else locks: "claas" in ASCII. */
const LOCK_KEY = '426805747059';
/** The server may need a moment to see that a killed process is gone. */
const ACQUIRE_TIMEOUT_MS = 5_000;
const RETRY_MS = 250;

/**
 * An advisory lock for as long as its own connection lives, so that one API process at a time works on the queue.
 * When the connection breaks (a restart of the server), the lock is taken again as soon as that is possible.
 */
export class ServerOwnership {
  private client: pg.Client | null = null;
  private isReleased = false;

  private constructor(private readonly url: string) {}

  /** @throws DatabaseInUseError */
  static async acquire(url: string): Promise<ServerOwnership> {
    const ownership = new ServerOwnership(url);
    const deadline = Date.now() + ACQUIRE_TIMEOUT_MS;
    for (;;) {
      const owner = await ownership.tryAcquire();
      if (owner === null) return ownership;
      if (Date.now() > deadline) throw new DatabaseInUseError(withoutPassword(url), owner);
      await delay(RETRY_MS);
    }
  }

  /** @throws ClaasError `storage_unavailable` while the lock is lost */
  assertHeld(): void {
    if (this.client !== null) return;
    throw new ClaasError('storage_unavailable', 'The connection that owns the database is lost; reconnecting.');
  }

  async release(): Promise<void> {
    this.isReleased = true;
    await this.client?.end();
    this.client = null;
  }

  /** Null when the lock is ours now, otherwise a description of who has it. */
  private async tryAcquire(): Promise<string | null> {
    const client = new pg.Client({
      connectionString: this.url,
      application_name: `claas-api owner (process ${process.pid})`,
      keepAlive: true,
    });
    client.on('error', () => {
      this.lose(client);
    });
    await this.connect(client);
    const locked = await client.query<{ held: boolean }>('select pg_try_advisory_lock($1::bigint) as held', [LOCK_KEY]);
    if (locked.rows[0]?.held === true) {
      this.client = client;
      return null;
    }
    const owners = await client.query<{ owner: string }>(
      `select coalesce(application_name, '') || coalesce(' from ' || client_addr, '') as owner
       from pg_locks join pg_stat_activity using (pid)
       where locktype = 'advisory' and granted and (classid::bigint << 32 | objid::bigint) = $1::bigint`,
      [LOCK_KEY],
    );
    await client.end();
    return owners.rows[0]?.owner ?? 'another process';
  }

  private async connect(client: pg.Client): Promise<void> {
    try {
      await client.connect();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ClaasError(
        'storage_unavailable',
        `The database ${withoutPassword(this.url)} can't be reached: ${reason}. Check CLAAS_DATABASE_URL and that the server runs.`,
        {},
        { cause: error },
      );
    }
  }

  private lose(client: pg.Client): void {
    if (this.client !== client) return;
    this.client = null;
    void this.reacquire();
  }

  private async reacquire(): Promise<void> {
    while (!this.isReleased && this.client === null) {
      await delay(RETRY_MS);
      await this.tryAcquire().catch(() => 'not reachable');
    }
  }
}

function withoutPassword(url: string): string {
  return url.replace(/:\/\/([^:@/]*):[^@]*@/, '://$1:***@');
}

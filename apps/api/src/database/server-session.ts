import type pg from 'pg';
import { connectClient } from './connect-client.js';
import { DatabaseSession } from './database-session.js';
import { SessionLostError } from './session-lost-error.js';

const HEARTBEAT_MS = 5_000;

/** One connection to a PostgreSQL server, with advisory locks that live as long as it does. */
export class ServerSession extends DatabaseSession {
  private readonly losing = new AbortController();
  private readonly heartbeat: NodeJS.Timeout;
  private isWaiting = false;

  private constructor(
    private readonly purpose: string,
    private readonly client: pg.Client,
  ) {
    super();
    client.on('error', () => {
      this.lose();
    });
    client.on('end', () => {
      this.lose();
    });
    this.heartbeat = setInterval(() => {
      // While it waits for a lock it is not silent, as the server sees it.
      if (!this.isWaiting) client.query('select 1').catch(() => undefined);
    }, HEARTBEAT_MS);
    this.heartbeat.unref();
  }

  /** @throws ClaasError `storage_unavailable` */
  static async open(url: string, purpose: string): Promise<ServerSession> {
    const client = await connectClient(url, `claas-api ${purpose} (process ${process.pid})`);
    return new ServerSession(purpose, client);
  }

  override get lost(): AbortSignal {
    return this.losing.signal;
  }

  override async lock(name: string): Promise<void> {
    this.isWaiting = true;
    try {
      await this.ask('select pg_advisory_lock(hashtextextended($1, 0))', [`claas ${name}`]);
    } finally {
      this.isWaiting = false;
    }
  }

  override async assertAlive(): Promise<void> {
    await this.ask('select 1', []);
  }

  override async close(): Promise<void> {
    clearInterval(this.heartbeat);
    await this.client.end().catch(() => undefined);
  }

  private async ask(statement: string, values: readonly string[]): Promise<void> {
    if (this.lost.aborted) throw new SessionLostError(this.purpose);
    try {
      await this.client.query(statement, [...values]);
    } catch (error) {
      this.lose();
      throw new SessionLostError(this.purpose, error);
    }
  }

  private lose(): void {
    clearInterval(this.heartbeat);
    this.losing.abort();
  }
}

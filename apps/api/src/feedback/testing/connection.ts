import type { DatabaseSession } from '../../database/database-session.js';
import { Database, type DatabaseHealth } from '../../database/database.js';
import { SessionLostError } from '../../database/session-lost-error.js';

/** What one process has of a database. When the process dies, its locks go with it. */
export class Connection extends Database {
  private readonly sessions = new Set<DatabaseSession>();
  private isDead = false;

  constructor(private readonly database: Database) {
    super();
  }

  override get kind(): Database['kind'] {
    return this.database.kind;
  }

  override get orm(): Database['orm'] {
    return this.database.orm;
  }

  override get bulletin(): Database['bulletin'] {
    return this.database.bulletin;
  }

  override async openSession(purpose: string): Promise<DatabaseSession> {
    if (this.isDead) throw new SessionLostError(purpose);
    const session = await this.database.openSession(purpose);
    this.sessions.add(session);
    session.lost.addEventListener('abort', () => this.sessions.delete(session));
    return session;
  }

  async die(): Promise<void> {
    this.isDead = true;
    for (const session of [...this.sessions]) await session.close();
  }

  override health(): Promise<DatabaseHealth> {
    return this.database.health();
  }

  override close(): Promise<void> {
    return this.die();
  }
}

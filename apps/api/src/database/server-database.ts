import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import type { DatabaseSession } from './database-session.js';
import { Database, type DatabaseHealth, type Orm } from './database.js';
import { measureRoundTrip } from './measure-round-trip.js';
import { MIGRATIONS_FOLDER } from './migrations-folder.js';
import { schema } from './schema.js';
import { ServerBulletin } from './server-bulletin.js';
import { ServerSession } from './server-session.js';

const POOL_SIZE = 8;
const CONNECT_TIMEOUT_MS = 10_000;

/** A PostgreSQL server, which several API processes may share. */
export class ServerDatabase extends Database {
  readonly kind = 'server';

  private constructor(
    readonly orm: Orm,
    readonly bulletin: ServerBulletin,
    private readonly url: string,
    private readonly pool: pg.Pool,
  ) {
    super();
  }

  /** @throws ClaasError `storage_unavailable` */
  static async open(url: string): Promise<ServerDatabase> {
    const pool = new pg.Pool({
      connectionString: url,
      max: POOL_SIZE,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      application_name: 'claas-api',
    });
    // An idle connection that breaks is replaced by the next query; without a listener it would end the process.
    pool.on('error', () => undefined);
    try {
      const orm = drizzle(pool, { schema });
      await migrateAlone(url, () => migrate(orm, { migrationsFolder: MIGRATIONS_FOLDER }));
      return new ServerDatabase(orm, await ServerBulletin.open(url, pool), url, pool);
    } catch (error) {
      await pool.end();
      throw error;
    }
  }

  openSession(purpose: string): Promise<DatabaseSession> {
    return ServerSession.open(this.url, purpose);
  }

  async health(): Promise<DatabaseHealth> {
    return { kind: this.kind, latencyMs: await measureRoundTrip(this.orm) };
  }

  async close(): Promise<void> {
    await this.bulletin.close();
    await this.pool.end();
  }
}

/** Replicas that start together would create the same tables. */
async function migrateAlone(url: string, migrateDatabase: () => Promise<void>): Promise<void> {
  const session = await ServerSession.open(url, 'migrations');
  try {
    await session.lock('migrations');
    await migrateDatabase();
  } finally {
    await session.close();
  }
}

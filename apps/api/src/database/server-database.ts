import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import { Database, type DatabaseHealth, type Orm } from './database.js';
import { measureRoundTrip } from './measure-round-trip.js';
import { MIGRATIONS_FOLDER } from './migrations-folder.js';
import { schema } from './schema.js';
import { ServerOwnership } from './server-ownership.js';

const POOL_SIZE = 8;
const CONNECT_TIMEOUT_MS = 10_000;

/** A PostgreSQL server. */
export class ServerDatabase extends Database {
  readonly kind = 'server';

  private constructor(
    readonly orm: Orm,
    private readonly pool: pg.Pool,
    private readonly ownership: ServerOwnership,
  ) {
    super();
  }

  /** @throws DatabaseInUseError when another API process uses this database */
  static async open(url: string): Promise<ServerDatabase> {
    const ownership = await ServerOwnership.acquire(url);
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
      await migrate(orm, { migrationsFolder: MIGRATIONS_FOLDER });
      return new ServerDatabase(orm, pool, ownership);
    } catch (error) {
      await pool.end();
      await ownership.release();
      throw error;
    }
  }

  async health(): Promise<DatabaseHealth> {
    this.ownership.assertHeld();
    return { kind: this.kind, latencyMs: await measureRoundTrip(this.orm) };
  }

  async close(): Promise<void> {
    await this.pool.end();
    await this.ownership.release();
  }
}

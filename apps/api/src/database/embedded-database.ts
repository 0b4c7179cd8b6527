import { PGlite } from '@electric-sql/pglite';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import { createEmbeddedFiles } from './create-embedded-files.js';
import type { DatabaseSession } from './database-session.js';
import { Database, type DatabaseHealth, type Orm } from './database.js';
import { DurableNodeFilesystem } from './durable-node-filesystem.js';
import { EmbeddedBulletin } from './embedded-bulletin.js';
import { EmbeddedSession } from './embedded-session.js';
import { FolderLock } from './folder-lock.js';
import { LockTable } from './lock-table.js';
import { measureRoundTrip } from './measure-round-trip.js';
import { MIGRATIONS_FOLDER } from './migrations-folder.js';
import { schema } from './schema.js';

/** PGlite's own parameters without `-F` (no fsync), and buffers of a size for one small service instead of 128 MB. */
const START_PARAMETERS = [
  ...PGlite.defaultStartParams.filter((parameter) => parameter !== '-F'),
  ...[
    'wal_sync_method=fsync',
    'shared_buffers=16MB',
    'wal_buffers=1MB',
    'max_connections=5',
    'max_wal_size=64MB',
  ].flatMap((setting) => ['-c', setting]),
];

/** PostgreSQL inside this process, in a directory of its own. */
export class EmbeddedDatabase extends Database {
  readonly kind = 'embedded';
  readonly bulletin = new EmbeddedBulletin();
  private readonly locks = new LockTable();

  private constructor(
    readonly orm: Orm,
    private readonly client: PGlite,
    private readonly lock: FolderLock,
  ) {
    super();
  }

  /** @throws DatabaseInUseError when another process has the directory open */
  static async open(directory: string): Promise<EmbeddedDatabase> {
    const lock = await FolderLock.acquire(directory);
    try {
      await createEmbeddedFiles(directory);
      const client = await PGlite.create({
        fs: new DurableNodeFilesystem(directory),
        startParams: START_PARAMETERS,
      });
      const orm = drizzle(client, { schema });
      await migrate(orm, { migrationsFolder: MIGRATIONS_FOLDER });
      return new EmbeddedDatabase(orm, client, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async openSession(purpose: string): Promise<DatabaseSession> {
    return Promise.resolve(new EmbeddedSession(purpose, this.locks));
  }

  async health(): Promise<DatabaseHealth> {
    return { kind: this.kind, latencyMs: await measureRoundTrip(this.orm) };
  }

  async close(): Promise<void> {
    await this.client.close();
    await this.lock.release();
  }
}

import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import type { Bulletin } from './bulletin.js';
import type { DatabaseSession } from './database-session.js';
import type { schema } from './schema.js';

/** Drizzle over either driver. */
export type Orm = PgDatabase<PgQueryResultHKT, typeof schema>;

export interface DatabaseHealth {
  readonly kind: 'embedded' | 'server';
  readonly latencyMs: number;
}

/**
 * The database, migrated. An embedded one is this process's alone; on a server several API processes (replicas) work
 * together, and lock with a {@link DatabaseSession} what one of them may do at a time.
 * What a statement has written survives the death of the process (kill −9) once its promise is fulfilled.
 */
export abstract class Database {
  abstract readonly kind: 'embedded' | 'server';
  abstract readonly orm: Orm;
  /** One round trip. @throws ClaasError `storage_unavailable` */
  abstract health(): Promise<DatabaseHealth>;
  /** What this process and the others on the same database tell one another. */
  abstract readonly bulletin: Bulletin;
  /** `purpose` is shown where the server lists its connections. @throws ClaasError `storage_unavailable` */
  abstract openSession(purpose: string): Promise<DatabaseSession>;
  abstract close(): Promise<void>;
}

import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import type { schema } from './schema.js';

/** Drizzle over either driver. */
export type Orm = PgDatabase<PgQueryResultHKT, typeof schema>;

export interface DatabaseHealth {
  readonly kind: 'embedded' | 'server';
  readonly latencyMs: number;
}

/**
 * The database, migrated and owned by this process: no other API process works on it as long as it is open.
 * What a statement has written survives the death of the process (kill −9) once its promise is fulfilled.
 */
export abstract class Database {
  abstract readonly kind: 'embedded' | 'server';
  abstract readonly orm: Orm;
  /** One round trip. @throws ClaasError `storage_unavailable` */
  abstract health(): Promise<DatabaseHealth>;
  /** Gives the database up to another process. */
  abstract close(): Promise<void>;
}

import { sql } from 'drizzle-orm';
import { ClaasError } from '@claas/contracts';
import type { Orm } from './database.js';

/** Milliseconds of the smallest query. @throws ClaasError `storage_unavailable` */
export async function measureRoundTrip(orm: Orm): Promise<number> {
  const begin = performance.now();
  try {
    await orm.execute(sql`select 1`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ClaasError('storage_unavailable', `The database does not answer (${reason}).`, {}, { cause: error });
  }
  return performance.now() - begin;
}

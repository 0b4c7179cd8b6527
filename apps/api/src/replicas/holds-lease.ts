import { sql, type SQL } from 'drizzle-orm';
import { acceleratorLeases } from '../database/schema.js';
import { ACCELERATOR } from './accelerator-lease.js';
import type { Lease } from './lease.js';

/**
 * A condition for an update that only the holder of `lease` may make. The row is locked with the update, so that whoever
 * takes the lease next reads what was written under this one.
 */
export function holdsLease({ token }: Lease): SQL {
  const { name, token: current } = acceleratorLeases;
  return sql`exists (select 1 from ${acceleratorLeases} where ${name} = ${ACCELERATOR} and ${current} = ${token} for share)`;
}

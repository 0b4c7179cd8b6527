import { and, asc, eq, gt, inArray, lt, sql } from 'drizzle-orm';
import type { AdapterId } from '@claas/contracts';
import type { Database } from '../database/database.js';
import { replicas, servedAdapters, servingStates } from '../database/schema.js';
import { holdsLease } from './holds-lease.js';
import { LeaseLostError } from './lease-lost-error.js';
import type { Lease } from './lease.js';
import type { ServingPower } from './serving-power.js';

const SERVER = 'server';
const FORGET_AFTER_MS = 24 * 3_600_000;

export type ServingState = typeof servingStates.$inferSelect;

export interface ServedChange {
  readonly loraId: AdapterId;
  /** Null: the adapter was removed. */
  readonly version: number | null;
  /** Number of the change. */
  readonly change: number;
}

export interface ServingNews {
  readonly power: ServingPower;
  /** Number of the last change; those of `adapters` are not newer. */
  readonly change: number;
  readonly adapters: readonly ServedChange[];
}

/** What is served, as the database keeps it. Each change has a number, and numbers become visible in their order. */
export class SharedServingRecord {
  constructor(private readonly database: Database) {}

  /** Returns the number of the change. @throws LeaseLostError */
  async setPower(power: ServingPower, sleepLevel: 1 | 2 | null, lease: Lease): Promise<number> {
    return this.countChange(this.database.orm, lease, { power, sleepLevel });
  }

  /** Returns the number of the change. @throws LeaseLostError */
  async setVersion(loraId: AdapterId, version: number | null, lease: Lease | null): Promise<number> {
    return this.database.orm.transaction(async (transaction) => {
      const change = await this.countChange(transaction, lease, {});
      await transaction
        .insert(servedAdapters)
        .values({ loraId, version, change })
        .onConflictDoUpdate({ target: servedAdapters.loraId, set: { version, change } });
      return change;
    });
  }

  /** What has changed after change number `seen`. */
  async since(seen: number): Promise<ServingNews> {
    const { power, change } = await this.state();
    if (change === seen) return { power, change, adapters: [] };
    const rows = await this.database.orm
      .select()
      .from(servedAdapters)
      .where(gt(servedAdapters.change, seen))
      .orderBy(asc(servedAdapters.change));
    return { power, change, adapters: rows.map((row) => ({ ...row, loraId: row.loraId as AdapterId })) };
  }

  /** Rows of processes that have ended; one that lives writes its row again with the next change. */
  async forgetDead(): Promise<void> {
    await this.database.orm.delete(replicas).where(lt(replicas.seenAt, new Date(Date.now() - FORGET_AFTER_MS)));
  }

  async setSeen(id: string, seen: number): Promise<void> {
    const seenAt = new Date();
    await this.database.orm
      .insert(replicas)
      .values({ id, seen, seenAt })
      .onConflictDoUpdate({ target: replicas.id, set: { seen, seenAt } });
  }

  async isSeenBy(ids: readonly string[], change: number): Promise<boolean> {
    if (ids.length === 0) return true;
    const rows = await this.database.orm
      .select()
      .from(replicas)
      .where(inArray(replicas.id, [...ids]));
    return ids.every((id) => rows.some((row) => row.id === id && row.seen >= change));
  }

  async state(): Promise<ServingState> {
    const [state] = await this.database.orm.select().from(servingStates).where(eq(servingStates.name, SERVER));
    if (state === undefined) throw new Error('The row of serving_states is missing.');
    return state;
  }

  private async countChange(
    orm: Pick<Database['orm'], 'update'>,
    lease: Lease | null,
    set: { readonly power?: ServingPower; readonly sleepLevel?: 1 | 2 | null },
  ): Promise<number> {
    const [state] = await orm
      .update(servingStates)
      .set({ change: sql`${servingStates.change} + 1`, ...set })
      .where(and(eq(servingStates.name, SERVER), lease === null ? undefined : holdsLease(lease)))
      .returning();
    if (state === undefined) throw new LeaseLostError();
    return state.change;
  }
}

import { and, asc, count, desc, eq, isNull, lt, notInArray, sql, type SQL } from 'drizzle-orm';
import type { AdapterId } from '@claas/contracts';
import type { Database } from '../database/database.js';
import { acceleratorLeases, feedbacks } from '../database/schema.js';
import { ACCELERATOR } from '../replicas/accelerator-lease.js';
import { holdsLease } from '../replicas/holds-lease.js';
import { LeaseLostError } from '../replicas/lease-lost-error.js';
import type { Lease } from '../replicas/lease.js';
import { NOTHING_SERVED } from './feedback-outcome.js';
import type { FeedbackState } from './feedback-state.js';
import type { Feedback, FeedbackChange, NewFeedback } from './feedback.js';
import { NO_TIMINGS } from './phase-timings.js';

export interface FeedbackFilter {
  readonly loraId: AdapterId | null;
  readonly state: FeedbackState | null;
  /** Only feedbacks that arrived before this one. */
  readonly beforeSequence: number | null;
  readonly limit: number;
}

type FeedbackRow = typeof feedbacks.$inferSelect;

/** Accepted feedbacks; whatever a method has written is durable when its promise is fulfilled. */
export class FeedbackRepository {
  constructor(private readonly database: Database) {}

  /**
   * Null when the idempotency key is taken. Those of one adapter get their sequence one after the other, among all
   * processes: none becomes visible after one that arrived later.
   */
  async insert(feedback: NewFeedback): Promise<Feedback | null> {
    return this.database.orm.transaction(async (transaction) => {
      await transaction.execute(
        sql`select pg_advisory_xact_lock(hashtextextended(${`claas arrival ${feedback.loraId}`}, 0))`,
      );
      const now = new Date();
      const rows = await transaction
        .insert(feedbacks)
        .values({
          ...feedback,
          state: 'queued',
          serving: NOTHING_SERVED,
          timings: NO_TIMINGS,
          createdAt: now,
          updatedAt: now,
        })
        .onConflictDoNothing({ target: feedbacks.idempotencyKey })
        .returning();
      return firstOf(rows);
    });
  }

  async find(requestId: string): Promise<Feedback | null> {
    return firstOf(await this.database.orm.select().from(feedbacks).where(eq(feedbacks.requestId, requestId)));
  }

  async findByIdempotencyKey(idempotencyKey: string): Promise<Feedback | null> {
    const rows = await this.database.orm.select().from(feedbacks).where(eq(feedbacks.idempotencyKey, idempotencyKey));
    return firstOf(rows);
  }

  /** @throws LeaseLostError when `lease` is not the latest, or there is no such feedback */
  async update(requestId: string, change: FeedbackChange, lease: Lease): Promise<Feedback> {
    const rows = await this.database.orm
      .update(feedbacks)
      .set({ ...change, updatedAt: new Date() })
      .where(and(eq(feedbacks.requestId, requestId), holdsLease(lease)))
      .returning();
    const feedback = firstOf(rows);
    if (feedback === null) throw new LeaseLostError();
    return feedback;
  }

  /** Of other adapters than these. */
  async hasUnfinished(excluded: readonly AdapterId[]): Promise<boolean> {
    const rows = await this.database.orm
      .select({ sequence: feedbacks.sequence })
      .from(feedbacks)
      .where(and(isNull(feedbacks.finishedAt), notOneOf(excluded)))
      .limit(1);
    return rows.length > 0;
  }

  async countUnfinished(): Promise<ReadonlyMap<FeedbackState, number>> {
    const rows = await this.database.orm
      .select({ state: feedbacks.state, count: count() })
      .from(feedbacks)
      .where(isNull(feedbacks.finishedAt))
      .groupBy(feedbacks.state);
    return new Map(rows.map((row) => [row.state, row.count]));
  }

  /** Everything of one adapter that is not finished, in order of arrival. */
  async unfinished(loraId: AdapterId, limit: number): Promise<Feedback[]> {
    const rows = await this.database.orm
      .select()
      .from(feedbacks)
      .where(and(eq(feedbacks.loraId, loraId), isNull(feedbacks.finishedAt)))
      .orderBy(asc(feedbacks.sequence))
      .limit(limit);
    return rows.map(toFeedback);
  }

  /**
   * The adapter whose turn it is, and from then on counts as the last one: the one that waits longest, but never the last
   * one again while another waits, so that many feedbacks of one don't keep those of the others waiting.
   */
  async takeTurn(lease: Lease, excluded: readonly AdapterId[]): Promise<AdapterId | null> {
    const { lastLoraId, name } = acceleratorLeases;
    const [next] = await this.database.orm
      .select({ loraId: feedbacks.loraId })
      .from(feedbacks)
      .innerJoin(acceleratorLeases, eq(name, ACCELERATOR))
      .where(and(isNull(feedbacks.finishedAt), notOneOf(excluded)))
      .orderBy(sql`${feedbacks.loraId} is not distinct from ${lastLoraId}`, asc(feedbacks.sequence))
      .limit(1);
    if (next === undefined) return null;
    await this.database.orm
      .update(acceleratorLeases)
      .set({ lastLoraId: next.loraId })
      .where(and(eq(name, ACCELERATOR), eq(acceleratorLeases.token, lease.token)));
    return next.loraId as AdapterId;
  }

  /** Newest first. */
  async list(filter: FeedbackFilter): Promise<Feedback[]> {
    const rows = await this.database.orm
      .select()
      .from(feedbacks)
      .where(
        and(
          filter.loraId === null ? undefined : eq(feedbacks.loraId, filter.loraId),
          filter.state === null ? undefined : eq(feedbacks.state, filter.state),
          filter.beforeSequence === null ? undefined : lt(feedbacks.sequence, filter.beforeSequence),
        ),
      )
      .orderBy(desc(feedbacks.sequence))
      .limit(filter.limit);
    return rows.map(toFeedback);
  }
}

function notOneOf(loraIds: readonly AdapterId[]): SQL | undefined {
  return loraIds.length === 0 ? undefined : notInArray(feedbacks.loraId, [...loraIds]);
}

function firstOf(rows: readonly FeedbackRow[]): Feedback | null {
  const row = rows[0];
  return row === undefined ? null : toFeedback(row);
}

function toFeedback(row: FeedbackRow): Feedback {
  return { ...row, loraId: row.loraId as AdapterId };
}

import { and, asc, desc, eq, isNull, lt } from 'drizzle-orm';
import type { AdapterId } from '@claas/contracts';
import type { Database } from '../database/database.js';
import { feedbacks } from '../database/schema.js';
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

  /** Null when the idempotency key is taken. */
  async insert(feedback: NewFeedback): Promise<Feedback | null> {
    const now = new Date();
    const rows = await this.database.orm
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
  }

  async find(requestId: string): Promise<Feedback | null> {
    return firstOf(await this.database.orm.select().from(feedbacks).where(eq(feedbacks.requestId, requestId)));
  }

  async findByIdempotencyKey(idempotencyKey: string): Promise<Feedback | null> {
    const rows = await this.database.orm.select().from(feedbacks).where(eq(feedbacks.idempotencyKey, idempotencyKey));
    return firstOf(rows);
  }

  /** @throws Error when there is no such feedback */
  async update(requestId: string, change: FeedbackChange): Promise<Feedback> {
    const rows = await this.database.orm
      .update(feedbacks)
      .set({ ...change, updatedAt: new Date() })
      .where(eq(feedbacks.requestId, requestId))
      .returning();
    const feedback = firstOf(rows);
    if (feedback === null) throw new Error(`No feedback ${requestId} to update.`);
    return feedback;
  }

  /** Everything that is not finished, in order of arrival. */
  async unfinished(): Promise<Feedback[]> {
    const rows = await this.database.orm
      .select()
      .from(feedbacks)
      .where(isNull(feedbacks.finishedAt))
      .orderBy(asc(feedbacks.sequence));
    return rows.map(toFeedback);
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

function firstOf(rows: readonly FeedbackRow[]): Feedback | null {
  const row = rows[0];
  return row === undefined ? null : toFeedback(row);
}

function toFeedback(row: FeedbackRow): Feedback {
  return { ...row, loraId: row.loraId as AdapterId };
}

import { eq } from 'drizzle-orm';
import type { AdapterId } from '@claas/contracts';
import type { Database } from '../database/database.js';
import { interactions } from '../database/schema.js';
import type { Interaction } from './interaction.js';

/** Answers that were given, under the id that the client got. */
export class InteractionRepository {
  constructor(private readonly database: Database) {}

  /** Returns when the interaction is durable; saving the same completion again changes nothing. */
  async save(interaction: Interaction): Promise<void> {
    await this.database.orm.insert(interactions).values(interaction).onConflictDoNothing();
  }

  async find(completionId: string): Promise<Interaction | null> {
    const rows = await this.database.orm.select().from(interactions).where(eq(interactions.completionId, completionId));
    const row = rows[0];
    return row === undefined ? null : { ...row, loraId: row.loraId as AdapterId | null };
  }
}

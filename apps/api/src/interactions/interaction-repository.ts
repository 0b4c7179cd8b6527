import { setTimeout as delay } from 'node:timers/promises';
import { eq } from 'drizzle-orm';
import type { AdapterId } from '@claas/contracts';
import type { Database } from '../database/database.js';
import { interactions } from '../database/schema.js';
import { insertInteractions } from './insert-interactions.js';
import type { Interaction } from './interaction.js';
import { WriteBatches } from './write-batches.js';

/** Answers that nobody waits for are written a few times a second, however many there are: each write syncs a disk. */
const KEEP_PAUSE_MS = 200;
/** An answer that another process gave a moment ago may still be on its way into the database. */
const SECOND_LOOK_MS = 500;

/** Answers that were given, under the id that the client got. */
export class InteractionRepository {
  private readonly saves: WriteBatches<Interaction>;
  private readonly keeps: WriteBatches<Interaction>;
  /** Not durable yet. */
  private readonly kept = new Map<string, Interaction>();

  constructor(private readonly database: Database) {
    const insert = (batch: readonly Interaction[]): Promise<void> => insertInteractions(database.orm, batch);
    this.saves = new WriteBatches(insert);
    this.keeps = new WriteBatches(insert, KEEP_PAUSE_MS);
  }

  /** Returns when the interaction is durable; saving the same completion again changes nothing. */
  save(interaction: Interaction): Promise<void> {
    return this.saves.write(interaction);
  }

  /** Returns at once: `find` knows the interaction from now on, and it becomes durable a moment later. */
  keep(interaction: Interaction, onFailure: (error: unknown) => void): void {
    const { completionId } = interaction;
    if (this.kept.has(completionId)) return;
    this.kept.set(completionId, interaction);
    this.keeps
      .write(interaction)
      .catch(onFailure)
      .finally(() => this.kept.delete(completionId));
  }

  async find(completionId: string): Promise<Interaction | null> {
    const kept = this.kept.get(completionId) ?? (await this.look(completionId));
    if (kept !== null) return kept;
    await delay(SECOND_LOOK_MS);
    return this.look(completionId);
  }

  /** Resolves when everything that was kept is durable, or has failed. */
  settled(): Promise<void> {
    return this.keeps.settled();
  }

  private async look(completionId: string): Promise<Interaction | null> {
    const rows = await this.database.orm.select().from(interactions).where(eq(interactions.completionId, completionId));
    const row = rows[0];
    if (row === undefined) return null;
    // Log-probs that nobody knows are an empty list: an answer has at least one token.
    const samplingLogprobs = row.samplingLogprobs.length === 0 ? null : row.samplingLogprobs;
    return { ...row, loraId: row.loraId as AdapterId | null, samplingLogprobs };
  }
}

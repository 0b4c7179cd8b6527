import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import type { AdapterId } from '@claas/contracts';
import type { Database } from '../../database/database.js';
import { openDatabase } from '../../database/open-database.js';
import { createEmbedded, type TemporaryDatabase } from '../../database/testing/databases-under-test.js';
import type { FeedbackWorld } from './feedback-world.js';
import { type WorldOptions } from './feedback-world.js';

export interface FeedbackWorlds {
  /** One database for the test file, a store of its own for each test. */
  options(): WorldOptions;
  /** An id that no other test has used: the database remembers the feedbacks of all of them. */
  newId(): string;
}

/** To be called once at the top of a test file. */
export function useFeedbackWorlds(): FeedbackWorlds {
  let temporary: TemporaryDatabase;
  let database: Database;
  let options: WorldOptions;
  beforeAll(async () => {
    Logger.overrideLogger(false);
    temporary = await createEmbedded();
    database = await openDatabase(temporary.settings);
  });
  afterAll(async () => {
    await database.close();
    await temporary.remove();
  });
  beforeEach(() => {
    const folder = mkdtempSync(join(tmpdir(), 'claas-feedback-'));
    options = { database, root: join(folder, 'loras'), logDirectory: join(folder, 'log') };
    return async () => {
      // A world may still be tidying up, and goes on with it between the attempts; rmSync would stand in its way.
      await rm(folder, { recursive: true, force: true, maxRetries: 20 });
    };
  });
  return { options: () => options, newId: () => `user/${randomUUID()}` };
}

/** The promise of the whole transaction: what is served is the head, to the last weight. */
export async function expectServedIsHead(world: FeedbackWorld, loraId: AdapterId): Promise<void> {
  const { manifest } = await world.store.read(loraId);
  expect(world.serving.published()).toContainEqual({ loraId, version: manifest.version });
  expect(await world.serving.learned(loraId)).toEqual(await world.headLearned(loraId));
}

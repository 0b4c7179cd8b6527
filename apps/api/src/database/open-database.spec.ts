import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FeedbackRepository } from '../feedback/feedback-repository.js';
import { sampleNewFeedback } from '../feedback/testing/sample-feedback.js';
import { DatabaseInUseError } from './database-in-use-error.js';
import { openDatabase } from './open-database.js';
import { feedbacks } from './schema.js';
import { createEmbedded, DATABASES_UNDER_TEST, type TemporaryDatabase } from './testing/databases-under-test.js';
import { TestProgram } from './testing/test-program.js';

const KILLS = 5;
/** Creating an embedded database, and starting processes, on a machine that has much else to do. */
const PATIENCE_MS = 120_000;
const PROGRAM = new URL('testing/accept-forever.ts', import.meta.url);

describe.each(DATABASES_UNDER_TEST)('opening $name', { timeout: PATIENCE_MS }, ({ skipped, create }) => {
  describe.skipIf(skipped !== null)(skipped ?? 'available', () => {
    let temporary: TemporaryDatabase;

    beforeAll(async () => {
      temporary = await create();
    });

    afterAll(() => temporary.remove());

    const startProgram = (): TestProgram =>
      TestProgram.start(PROGRAM, [temporary.settings.url ?? '', temporary.settings.directory]);

    it('applies the migrations once and keeps what is there', async () => {
      const first = await openDatabase(temporary.settings);
      const feedback = await new FeedbackRepository(first).insert(sampleNewFeedback());
      await first.close();
      const second = await openDatabase(temporary.settings);
      expect(await new FeedbackRepository(second).find(feedback?.requestId ?? '')).toEqual(feedback);
      const health = await second.health();
      expect(health.latencyMs).toBeGreaterThan(0);
      await second.close();
      await expect(second.health()).rejects.toMatchObject({ code: 'storage_unavailable' });
    });

    it(`loses nothing that was accepted, and damages nothing, in ${KILLS} kills at random moments`, async () => {
      const accepted = new Set<string>();
      for (let kill = 0; kill < KILLS; kill += 1) {
        const program = startProgram();
        await program.says('accepted');
        await delay(Math.random() * 150);
        await program.kill();
        for (const line of program.said) {
          if (line.startsWith('accepted ')) accepted.add(line.slice('accepted '.length));
        }
      }
      const database = await openDatabase(temporary.settings);
      const rows = await database.orm.select().from(feedbacks);
      const ids = new Set(rows.map(({ requestId }) => requestId));
      expect([...accepted].filter((requestId) => !ids.has(requestId))).toEqual([]);
      expect(accepted.size).toBeGreaterThanOrEqual(KILLS);
      await database.orm.execute(sql`reindex table feedbacks`);
      await database.close();
    });
  });
});

describe('an embedded database that is open', { timeout: PATIENCE_MS }, () => {
  let temporary: TemporaryDatabase;

  beforeAll(async () => {
    temporary = await createEmbedded();
  });

  afterAll(() => temporary.remove());

  it('is refused to this process', async () => {
    const database = await openDatabase(temporary.settings);
    await expect(openDatabase(temporary.settings)).rejects.toThrow(DatabaseInUseError);
    await expect(openDatabase(temporary.settings)).rejects.toThrow(`process ${process.pid}`);
    await database.close();
  });

  it('is refused to another process, which is told by whom, and possible at once when that one is killed', async () => {
    const owner = TestProgram.start(PROGRAM, ['', temporary.settings.directory]);
    await owner.says('open');
    await expect(openDatabase(temporary.settings)).rejects.toThrow(`process ${owner.processId}`);
    await owner.kill();
    // Opening refuses at once, or succeeds: nobody has to wait until the dead one counts as silent.
    const database = await openDatabase(temporary.settings);
    expect((await database.health()).kind).toBe('embedded');
    await database.close();
  });
});

describe('an embedded database that is not there yet', () => {
  it('is created, with nothing left over', { timeout: PATIENCE_MS }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'claas-new-'));
    const directory = join(folder, 'data', 'database');
    const database = await openDatabase({ url: null, directory });
    expect(await new FeedbackRepository(database).hasUnfinished([])).toBe(false);
    await database.close();
    expect(readdirSync(join(folder, 'data'))).toEqual(['database']);
    rmSync(folder, { recursive: true });
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAdapterId } from '@claas/contracts';
import type { Database } from '../database/database.js';
import { openDatabase } from '../database/open-database.js';
import { feedbacks } from '../database/schema.js';
import { DATABASES_UNDER_TEST, type TemporaryDatabase } from '../database/testing/databases-under-test.js';
import type { Lease } from '../replicas/lease.js';
import { AcceleratorLease } from '../replicas/accelerator-lease.js';
import { LeaseLostError } from '../replicas/lease-lost-error.js';
import { FeedbackRepository, type FeedbackFilter } from './feedback-repository.js';
import type { Feedback } from './feedback.js';
import { sampleNewFeedback, sampleRequest } from './testing/sample-feedback.js';

/** Who takes the accelerator after somebody else has it. */
function takenLease(database: Database): Promise<Lease> {
  return new AcceleratorLease(database).run((lease) => Promise.resolve(lease));
}

describe.each(DATABASES_UNDER_TEST)('feedbacks in $name', ({ skipped, create }) => {
  describe.skipIf(skipped !== null)(skipped ?? 'available', () => {
    let temporary: TemporaryDatabase;
    let database: Database;
    let repository: FeedbackRepository;
    let lease: Lease;

    beforeAll(async () => {
      temporary = await create();
      database = await openDatabase(temporary.settings);
      repository = new FeedbackRepository(database);
      lease = await takenLease(database);
    });

    afterAll(async () => {
      await database.close();
      await temporary.remove();
    });

    async function inserted(change: Parameters<typeof sampleNewFeedback>[0] = {}): Promise<Feedback> {
      const feedback = await repository.insert(sampleNewFeedback(change));
      if (feedback === null) throw new Error('not inserted');
      return feedback;
    }

    it('gives back exactly what was accepted', async () => {
      const accepted = sampleNewFeedback();
      const saved = await repository.insert(accepted);
      const found = await repository.find(accepted.requestId);
      expect(found).toEqual(saved);
      expect(found).toMatchObject({ ...accepted, state: 'queued', attempts: 0, version: null, finishedAt: null });
      expect(found?.createdAt.getTime()).toBeGreaterThan(Date.now() - 60_000);
    });

    it('keeps text of any kind', async () => {
      const feedback = '\u0000 \ud83d "quoted" \\u0041 {"a": 1} 123 \u2028 😊';
      const { requestId } = await inserted({ request: sampleRequest({ feedback }) });
      expect((await repository.find(requestId))?.request.feedback).toBe(feedback);
    });

    it('finds nothing under an unknown id', async () => {
      expect(await repository.find('unknown')).toBeNull();
      expect(await repository.findByIdempotencyKey('unknown')).toBeNull();
    });

    it('inserts once under one idempotency key, however many try at the same time', async () => {
      const attempts = Array.from({ length: 10 }, () => sampleNewFeedback({ idempotencyKey: 'race' }));
      const results = await Promise.all(attempts.map((attempt) => repository.insert(attempt)));
      const winners = results.filter((result) => result !== null);
      expect(winners).toHaveLength(1);
      expect(await repository.findByIdempotencyKey('race')).toEqual(winners[0]);
    });

    it('numbers feedbacks in the order in which they were inserted', async () => {
      const first = await inserted();
      const second = await inserted();
      expect(second.sequence).toBeGreaterThan(first.sequence);
    });

    it('changes what is named and nothing else', async () => {
      const before = await inserted();
      const after = await repository.update(
        before.requestId,
        { state: 'training', parentVersion: 3, attempts: 1 },
        lease,
      );
      const { updatedAt } = after;
      expect(after).toEqual({ ...before, state: 'training', parentVersion: 3, attempts: 1, updatedAt });
      expect(updatedAt.getTime()).toBeGreaterThanOrEqual(before.updatedAt.getTime());
      expect(await repository.find(before.requestId)).toEqual(after);
    });

    it('is not changed by who has lost the accelerator', async () => {
      const before = await inserted();
      const lost = lease;
      lease = await takenLease(database);
      await expect(repository.update(before.requestId, { state: 'failed' }, lost)).rejects.toThrow(LeaseLostError);
      expect(await repository.find(before.requestId)).toEqual(before);
      expect((await repository.update(before.requestId, { state: 'training' }, lease)).state).toBe('training');
    });

    it('says what is unfinished: in all, by state, and of one adapter in order of arrival', async () => {
      await database.orm.delete(feedbacks);
      const [a, b] = [parseAdapterId('list/a'), parseAdapterId('list/b')];
      const [first, second, third, other] = [
        await inserted({ loraId: a }),
        await inserted({ loraId: a }),
        await inserted({ loraId: a }),
        await inserted({ loraId: b }),
      ];
      await repository.update(first.requestId, { state: 'training' }, lease);
      await repository.update(second.requestId, { state: 'failed', finishedAt: new Date() }, lease);
      expect((await repository.unfinished(a, 10)).map(({ requestId }) => requestId)).toEqual([
        first.requestId,
        third.requestId,
      ]);
      expect(await repository.unfinished(a, 1)).toHaveLength(1);
      expect(await repository.countUnfinished()).toEqual(
        new Map([
          ['training', 1],
          ['queued', 2],
        ]),
      );
      expect(await repository.hasUnfinished([a])).toBe(true);
      expect(await repository.hasUnfinished([a, b])).toBe(false);
      await repository.update(other.requestId, { state: 'failed', finishedAt: new Date() }, lease);
      expect(await repository.hasUnfinished([])).toBe(true);
    });

    it('gives the next turn to who waits longest, but never twice to one while another waits', async () => {
      await database.orm.delete(feedbacks);
      const [a, b, c] = [parseAdapterId('turn/a'), parseAdapterId('turn/b'), parseAdapterId('turn/c')];
      for (const loraId of [a, a, a, b, c]) await inserted({ loraId });
      const turns: (string | null)[] = [];
      for (let turn = 0; turn < 4; turn += 1) turns.push(await repository.takeTurn(lease, []));
      expect(turns).toEqual([a, b, a, b]);
      expect(await repository.takeTurn(lease, [a])).toBe(c);
      expect(await repository.takeTurn(lease, [a, b])).toBe(c);
      expect(await repository.takeTurn(lease, [a, b, c])).toBeNull();
    });

    it('numbers those of one adapter as they become visible, however many arrive at once', async () => {
      const loraId = parseAdapterId('arrival/a');
      const sequences = async (): Promise<number[]> =>
        (await repository.unfinished(loraId, 100)).map((feedback) => feedback.sequence);
      const seen = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const { sequence } = await inserted({ loraId });
          const visible = await sequences();
          expect(visible).toContain(sequence);
          return visible;
        }),
      );
      // Whoever looks sees a beginning of what there is in the end: none with a smaller number has still to appear.
      const all = await sequences();
      expect(all).toHaveLength(20);
      for (const visible of seen) expect(visible).toEqual(all.slice(0, visible.length));
    });

    it('lists newest first, by adapter, state and page', async () => {
      await database.orm.delete(feedbacks);
      const [a, b] = [parseAdapterId('list/a'), parseAdapterId('list/b')];
      const first = await inserted({ loraId: a });
      const second = await inserted({ loraId: b });
      const third = await inserted({ loraId: a });
      await repository.update(third.requestId, { state: 'verified' }, lease);
      const all: FeedbackFilter = { loraId: null, state: null, beforeSequence: null, limit: 10 };
      const idsOf = async (filter: Partial<FeedbackFilter>) =>
        (await repository.list({ ...all, ...filter })).map(({ requestId }) => requestId);
      expect(await idsOf({})).toEqual([third.requestId, second.requestId, first.requestId]);
      expect(await idsOf({ loraId: a })).toEqual([third.requestId, first.requestId]);
      expect(await idsOf({ state: 'verified' })).toEqual([third.requestId]);
      expect(await idsOf({ limit: 1 })).toEqual([third.requestId]);
      expect(await idsOf({ beforeSequence: third.sequence })).toEqual([second.requestId, first.requestId]);
    });
  });
});

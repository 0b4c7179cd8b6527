import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { sql } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ClaasError, type AdapterId } from '@claas/contracts';
import { PostgresServer } from '@claas/contracts/testing/postgres';
import type { VllmDouble } from '@claas/contracts/testing/vllm';
import type { Feedback } from './feedback.js';
import { VllmLaboratory, type VllmProcess } from './testing/vllm-laboratory.js';

const LIMIT_MS = 120_000;
const SOON = { timeout: 20_000, interval: 20 };
const skipped = PostgresServer.findPrograms() === null ? 'no PostgreSQL found' : null;
if (skipped !== null) console.warn('SKIPPED several processes on one database: install Debian’s package postgresql.');

let laboratory: VllmLaboratory;
let double: VllmDouble;
let a: VllmProcess;
let b: VllmProcess;
let loraId: AdapterId;

async function untilAsleep(): Promise<void> {
  await vi.waitFor(() => {
    expect(double.isSleeping).toBe(true);
  }, SOON);
}

/** Which version answers at this process: the log-probs of a fixed answer, compared with those of each version's files. */
async function answeredVersion(service: VllmProcess): Promise<number | null> {
  await service.served.ensurePublished(loraId);
  const [tokenIds, completion] = [
    [1, 2, 3],
    [4, 5, 6, 7, 8, 9],
  ];
  const prompt = { kind: 'tokens', tokenIds } as const;
  const { logprobs } = await service.serving.score(
    { kind: 'adapter', loraId },
    { prompt, completion: { tokenIds: completion } },
  );
  for (const { version } of await service.store.versions(loraId)) {
    const { directory } = await service.store.read(loraId, version);
    const expected = await laboratory.score(directory, tokenIds, completion);
    if (logprobs.every((logprob, at) => Math.abs(logprob - (expected[at] ?? NaN)) < 1e-7)) return version;
  }
  return null;
}

/** Ends the connections that hold locks, not the process: it goes on with its step, and wants to commit it. */
async function loseLocks({ database }: VllmProcess): Promise<void> {
  await database.orm.execute(
    sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name ~ '^claas-api (accelerator|adapter)'`,
  );
}

/** A process that stands still between its last look at the lease and the commit, until it is told to go on. */
function pauseCommit({ store }: VllmProcess): {
  readonly isPaused: Promise<void>;
  readonly goOn: () => Promise<unknown>;
} {
  let pause = (): void => undefined;
  let resume = (): void => undefined;
  let end: (outcome: unknown) => void = () => undefined;
  const isPaused = new Promise<void>((resolve) => (pause = resolve));
  const resumed = new Promise<void>((resolve) => (resume = resolve));
  const outcome = new Promise<unknown>((resolve) => (end = resolve));
  const commit = store.commit.bind(store);
  store.commit = async (...version) => {
    store.commit = commit;
    pause();
    await resumed;
    const committing = commit(...version);
    committing.then(end, end);
    return committing;
  };
  const goOn = (): Promise<unknown> => {
    resume();
    return outcome;
  };
  return { isPaused, goOn };
}

async function feedbackIds(service: VllmProcess): Promise<(string | null)[]> {
  const manifests = await service.store.versions(loraId);
  return manifests.map(({ feedbackId }) => feedbackId).reverse();
}

async function expectLearnedOnce(service: VllmProcess, ...feedbacks: readonly Feedback[]): Promise<void> {
  expect(await feedbackIds(service)).toEqual([null, ...feedbacks.map(({ requestId }) => requestId)]);
}

describe.skipIf(skipped !== null)('two processes that share a database, a directory and a vLLM server', () => {
  beforeAll(async () => {
    Logger.overrideLogger(false);
    laboratory = await VllmLaboratory.open();
  }, LIMIT_MS);
  afterEach(async () => {
    laboratory.engine.hearsCancellation = true;
    laboratory.engine.gate = () => Promise.resolve();
    await laboratory.tidy();
  });
  afterAll(() => laboratory.close());

  async function startBoth(): Promise<void> {
    double = await laboratory.double();
    const open = await laboratory.createDatabase(`replicas_${randomUUID()}`);
    const root = await laboratory.newRoot();
    const start = async (): Promise<VllmProcess> =>
      laboratory.start({ double, root, database: await open(), isReplica: true });
    [a, b] = [await start(), await start()];
    loraId = await laboratory.initAdapter(a, 'user/shared');
  }

  /** A feedback whose step hangs, and the process in which it does. */
  async function beginStep(): Promise<{
    feedback: Feedback;
    worker: VllmProcess;
    other: VllmProcess;
    open: () => void;
  }> {
    const open = laboratory.engine.closeGate();
    const feedback = await a.accept(loraId);
    await untilAsleep();
    const worker = a.processor.isWorking ? a : b;
    return { feedback, worker, other: worker === a ? b : a, open };
  }

  it(
    'answer alike as soon as a client has been told, whichever of them it asks',
    async () => {
      await startBoth();
      expect([await answeredVersion(a), await answeredVersion(b)]).toEqual([0, 0]);
      for (const version of [1, 2]) {
        const [first, second] = version === 1 ? [a, b] : [b, a];
        expect(await first.send(loraId)).toMatchObject({ state: 'verified', version });
        expect([await answeredVersion(second), await answeredVersion(first)]).toEqual([version, version]);
      }
    },
    LIMIT_MS,
  );

  it(
    'hold requests back in both while the server sleeps, and none of them reaches it',
    async () => {
      await startBoth();
      const { feedback, open } = await beginStep();
      const begun = double.calls.length;
      const answers = [answeredVersion(a), answeredVersion(b)];
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(double.calls.slice(begun).filter(({ call }) => call === 'completions')).toEqual([]);
      open();
      expect((await a.waiter.outcome(feedback)).state).toBe('verified');
      expect([0, 1]).toEqual(expect.arrayContaining(await Promise.all(answers)));
      expect([await answeredVersion(a), await answeredVersion(b)]).toEqual([1, 1]);
    },
    LIMIT_MS,
  );

  it(
    'take over from one another: one dies in a step, the other wakes the server and learns it once',
    async () => {
      await startBoth();
      const { feedback, worker, other, open } = await beginStep();
      const outcome = other.waiter.outcome(feedback);
      await worker.die();
      laboratory.engine.gate = () => Promise.resolve();
      expect(await outcome).toMatchObject({ state: 'verified', version: 1, attempts: 2 });
      // What the dead one was doing comes to its end after all, as if it had only stood still.
      open();
      const next = await other.send(loraId);
      expect(next).toMatchObject({ state: 'verified', version: 2 });
      await expectLearnedOnce(other, feedback, next);
      expect(double.isSleeping).toBe(false);
      expect(await answeredVersion(other)).toBe(2);
    },
    LIMIT_MS,
  );

  it(
    'wake a server that a dead one left asleep, also when nothing waits',
    async () => {
      await startBoth();
      const { worker, other } = await beginStep();
      await other.database.orm.execute(sql`update feedbacks set finished_at = now(), state = 'failed'`);
      await worker.die();
      await vi.waitFor(() => {
        expect(double.isSleeping).toBe(false);
      }, SOON);
      expect(await answeredVersion(other)).toBe(0);
    },
    LIMIT_MS,
  );

  it(
    'refuse the work of one that has lost the accelerator without noticing',
    async () => {
      await startBoth();
      laboratory.engine.hearsCancellation = false;
      const { feedback, other, open } = await beginStep();
      await loseLocks(other);
      await vi.waitFor(async () => {
        expect((await other.service.find(feedback.requestId)).attempts).toBe(2);
      }, SOON);
      open();
      expect(await other.waiter.outcome(feedback)).toMatchObject({ state: 'verified', version: 1 });
      const next = await other.send(loraId);
      await expectLearnedOnce(other, feedback, next);
      expect([await answeredVersion(a), await answeredVersion(b)]).toEqual([2, 2]);
    },
    LIMIT_MS,
  );

  it(
    'keep what was reported as failed out of the head, however long the other stands still before its commit',
    async () => {
      await startBoth();
      laboratory.engine.hearsCancellation = false;
      const { feedback, worker, other, open } = await beginStep();
      const late = pauseCommit(worker);
      open();
      await late.isPaused;
      laboratory.engine.gate = () => Promise.reject(new ClaasError('trainer_crashed', 'The trainer was killed.'));
      await loseLocks(other);
      const outcome = await other.waiter.outcome(feedback);
      const committed = await late.goOn();
      expect(outcome).toMatchObject({ state: 'failed', error: { code: 'trainer_crashed' } });
      expect(committed).toMatchObject({ code: 'stale_parent' });
      await expectLearnedOnce(other);
      laboratory.engine.gate = () => Promise.resolve();
      const next = await other.send(loraId);
      expect(next).toMatchObject({ state: 'verified', version: 1 });
      await expectLearnedOnce(other, next);
      expect([await answeredVersion(a), await answeredVersion(b)]).toEqual([1, 1]);
    },
    LIMIT_MS,
  );

  it(
    'are told by one that stops in a step: the server is awake, and the other goes on',
    async () => {
      await startBoth();
      const { feedback, worker, other } = await beginStep();
      const outcome = other.waiter.outcome(feedback);
      laboratory.engine.gate = () => Promise.resolve();
      await worker.stop();
      expect(await outcome).toMatchObject({ state: 'verified', version: 1 });
      await expectLearnedOnce(other, feedback);
    },
    LIMIT_MS,
  );
});

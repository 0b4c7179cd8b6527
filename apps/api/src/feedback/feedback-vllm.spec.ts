import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AdapterId } from '@claas/contracts';
import { VLLM_PROFILES, type VllmDouble, type VllmRelease } from '@claas/contracts/testing/vllm';
import { ExclusiveStep } from '../replicas/exclusive-step.js';
import { VllmLaboratory, type VllmProcess } from './testing/vllm-laboratory.js';

const LIMIT_MS = 120_000;
const RELEASES = Object.keys(VLLM_PROFILES) as VllmRelease[];

let laboratory: VllmLaboratory;
beforeAll(async () => {
  Logger.overrideLogger(false);
  laboratory = await VllmLaboratory.open();
}, LIMIT_MS);
afterEach(() => laboratory.tidy());
afterAll(() => laboratory.close());

async function startAlone(
  release: VllmRelease = '0.33',
  feedbacksOfATurn = 16,
): Promise<{ double: VllmDouble; service: VllmProcess }> {
  const double = await laboratory.double({ release });
  const open = await laboratory.createDatabase(`alone_${crypto.randomUUID()}`);
  const root = await laboratory.newRoot();
  const service = await laboratory.start({ double, root, database: await open(), feedbacksOfATurn });
  return { double, service };
}

const orders = (double: VllmDouble, from: number): readonly string[] => double.orders().slice(from);

describe.each(RELEASES)('one feedback in front of vLLM %s', (release) => {
  it(
    'drains, sleeps, learns, wakes, loads and verifies, in this order',
    async () => {
      const { double, service } = await startAlone(release);
      const loraId = await laboratory.initAdapter(service, 'user/one');
      const before = double.orders().length;
      const feedback = await service.send(loraId);
      expect(feedback).toMatchObject({ state: 'verified', version: 1, error: null });
      expect(feedback.serving).toMatchObject({ slept: true, woke: true, published: true });
      expect(feedback.serving.verification).toMatchObject({ verified: true });
      // The answers are the new version's log-probs, and those of the one before.
      expect(orders(double, before).slice(0, 5)).toEqual(['sleep', 'wake_up', 'load', 'completions', 'completions']);
      expect(feedback.serving.verification?.previousDifference).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );
});

describe('ten feedbacks that wait for one adapter', () => {
  it(
    'share one sleep and one wake, are learned in order, and each version is verified',
    async () => {
      const { double, service } = await startAlone();
      const loraId = await laboratory.initAdapter(service, 'user/ten');
      const before = double.orders().length;
      const open = laboratory.engine.closeGate();
      const accepted = await Promise.all(Array.from({ length: 10 }, () => service.accept(loraId)));
      open();
      const finished = await Promise.all(accepted.map((feedback) => service.waiter.outcome(feedback)));
      const inOrder = [...finished].sort((a, b) => a.sequence - b.sequence);
      const calls = orders(double, before);
      expect(calls.filter((call) => call === 'sleep')).toHaveLength(1);
      expect(calls.filter((call) => call === 'wake_up')).toHaveLength(1);
      expect(inOrder.map(({ state, parentVersion, version }) => [state, parentVersion, version])).toEqual(
        Array.from({ length: 10 }, (_, index) => ['verified', index, index + 1]),
      );
      for (const { serving } of inOrder) {
        expect(serving).toMatchObject({ slept: true, woke: true, verification: { verified: true } });
      }
      await expectServed(service, loraId, 10);
    },
    LIMIT_MS,
  );

  it(
    'leave room for the others: an adapter’s turn has an end, and one that waits is next',
    async () => {
      const { double, service } = await startAlone('0.33', 4);
      const [many, one] = [
        await laboratory.initAdapter(service, 'user/many'),
        await laboratory.initAdapter(service, 'user/one'),
      ];
      const before = double.orders().length;
      const open = laboratory.engine.closeGate();
      const ofMany = await Promise.all(Array.from({ length: 6 }, () => service.accept(many)));
      const ofOne = await service.accept(one);
      open();
      const ends: AdapterId[] = [];
      service.hub.onAnyChange(({ loraId, finishedAt }) => {
        if (finishedAt !== null) ends.push(loraId);
      });
      const outcomes = await Promise.all([...ofMany, ofOne].map((feedback) => service.waiter.outcome(feedback)));
      expect(outcomes.map(({ state, error }) => error?.message ?? state)).toEqual(Array(7).fill('verified'));
      expect(ends.indexOf(one)).toBe(4);
      expect(ends).toHaveLength(7);
      expect(orders(double, before).filter((call) => call === 'sleep')).toHaveLength(3);
    },
    LIMIT_MS,
  );
});

describe('a step outside of feedback', () => {
  it(
    'runs while the server sleeps, which wakes also when the step fails',
    async () => {
      const { double, service } = await startAlone();
      const { lease, serving, shared } = service;
      const exclusive = new ExclusiveStep(lease, { serving, shared, drainTimeoutMs: 10_000 });
      expect(await exclusive.run(async () => double.isSleeping)).toBe(true);
      expect(double.isSleeping).toBe(false);
      await expect(exclusive.run(() => Promise.reject(new Error('That went wrong.')))).rejects.toThrow('went wrong');
      expect(double.isSleeping).toBe(false);
      expect((await shared.state()).power).toBe('awake');
      expect(await service.send(await laboratory.initAdapter(service, 'user/after'))).toMatchObject({ version: 1 });
    },
    LIMIT_MS,
  );
});

/** The server answers with this version, to the last log-prob. */
async function expectServed(service: VllmProcess, loraId: AdapterId, version: number): Promise<void> {
  const { manifest, directory } = await service.store.read(loraId);
  expect(manifest.version).toBe(version);
  const [prompt, completion] = [
    [1, 2, 3, 4],
    [5, 6, 7, 8, 9],
  ];
  const answer = await service.serving.score(
    { kind: 'adapter', loraId },
    { prompt: { kind: 'tokens', tokenIds: prompt }, completion: { tokenIds: completion } },
  );
  const expected = await laboratory.score(directory, prompt, completion);
  for (const [at, logprob] of answer.logprobs.entries()) expect(logprob).toBeCloseTo(expected[at] ?? NaN, 5);
}

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Fault } from './testing/faults.js';
import { FeedbackWorld, type WorldOptions } from './testing/feedback-world.js';
import { expectServedIsHead, useFeedbackWorlds } from './testing/use-feedback-worlds.js';

const worlds = useFeedbackWorlds();
const newId = (): string => worlds.newId();

/** A store of its own for each case of a table. */
function optionsOf(name: string): WorldOptions {
  const options = worlds.options();
  return { ...options, root: join(options.root, name) };
}

/** The calls that one undisturbed feedback makes, found by making them. */
async function callsOfOneFeedback(): Promise<readonly string[]> {
  const world = await FeedbackWorld.start(worlds.options());
  const loraId = await world.initAdapter(newId());
  await world.send(loraId);
  await world.processor.idle();
  return [...world.faults.calls];
}

describe('a feedback that nothing disturbs', () => {
  it('ends verified: learned, committed, served, and proven', async () => {
    const world = await FeedbackWorld.start(worlds.options());
    const loraId = await world.initAdapter(newId());
    const states: string[] = [];
    world.hub.onAnyChange(({ state }) => states.push(state));
    const feedback = await world.send(loraId);
    expect([...new Set(states)]).toEqual(['queued', 'training', 'committed', 'published', 'verified']);
    expect(feedback).toMatchObject({ state: 'verified', parentVersion: 0, version: 1, attempts: 1, error: null });
    expect(feedback.serving).toMatchObject({ slept: false, published: true, verification: { verified: true } });
    expect(await world.headLearned(loraId)).toEqual([feedback.requestId]);
    expect((await world.store.read(loraId)).manifest).toMatchObject({
      origin: 'feedback',
      feedbackId: feedback.requestId,
      metrics: feedback.result?.metrics,
      receipt: feedback.result?.receipt,
    });
    await expectServedIsHead(world, loraId);
  });

  it('keeps no more versions than it is told', async () => {
    const world = await FeedbackWorld.start({ ...worlds.options(), settings: { keepVersions: 2 } });
    const loraId = await world.initAdapter(newId());
    for (let count = 0; count < 4; count += 1) await world.send(loraId);
    await world.processor.idle();
    expect((await world.store.versions(loraId)).map(({ version }) => version)).toEqual([4, 3]);
  });
});

const FAILURES: readonly Fault[] = ['fails before', 'fails after'];

describe.each(FAILURES)('when a call %s it took effect', (fault) => {
  it('whichever call it is: the head is served, and the feedback learned once or reported as not learned', async () => {
    const calls = await callsOfOneFeedback();
    const ends = new Set<string>();
    for (let index = 0; index < calls.length; index += 1) {
      const world = await FeedbackWorld.start(optionsOf(`${fault} ${index}`));
      const loraId = await world.initAdapter(newId());
      const first = await world.send(loraId);
      await world.processor.idle();
      const begin = world.faults.calls.length;
      world.faults.planAt(begin + index, fault);
      const feedback = await world.send(loraId);
      await world.processor.idle();
      const where = `${calls[index]} ${fault}: ${feedback.state} ${feedback.error?.message}`;
      ends.add(feedback.state);
      await expectServedIsHead(world, loraId);
      const isLearned = feedback.state === 'verified';
      expect(await world.headLearned(loraId), where).toEqual(
        isLearned ? [first.requestId, feedback.requestId] : [first.requestId],
      );
      const head = (await world.store.read(loraId)).manifest.version;
      expect(head, where).toBe(isLearned ? feedback.version : 1);
      if (!isLearned) {
        expect(feedback.error?.code, where).toBe('feedback_failed');
        expect(feedback.error?.message, where).toMatch(/LoRA \S+ is (unchanged|at version 1 again)/);
      }
    }
    expect(ends).toContain('verified');
    expect(ends).toContain('failed');
    expect(ends).toContain('rolled_back');
  }, 120_000);
});

const CRASHES: readonly Fault[] = ['hangs before', 'hangs after'];

describe.each(CRASHES)('when the process dies where a call %s it took effect', (fault) => {
  it('whichever call it is: the next process ends the feedback, learned exactly once', async () => {
    const calls = await callsOfOneFeedback();
    for (let index = 0; index < calls.length; index += 1) {
      const here = optionsOf(`${fault} ${index}`);
      const dying = await FeedbackWorld.start(here);
      const loraId = await dying.initAdapter(newId());
      const earlier = await dying.send(loraId);
      await dying.processor.idle();
      const begin = dying.faults.calls.length;
      dying.faults.planAt(begin + index, fault);
      const feedback = await dying.accept(loraId);
      while (!dying.faults.isHanging) await delay(2);

      const next = await FeedbackWorld.start(here);
      await next.processor.idle();
      const finished = await next.service.find(feedback.requestId);
      const where = `${calls[index]} ${fault}: ${finished.state} ${finished.error?.message}`;
      expect(finished.state, where).toBe('verified');
      expect(await next.headLearned(loraId), where).toEqual([earlier.requestId, feedback.requestId]);
      expect(finished.version, where).toBe((await next.store.read(loraId)).manifest.version);
      await expectServedIsHead(next, loraId);
      const learned = (await next.store.versions(loraId)).filter((one) => one.feedbackId === feedback.requestId);
      expect(learned, where).toHaveLength(1);
    }
  }, 120_000);
});

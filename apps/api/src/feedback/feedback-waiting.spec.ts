import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Feedback } from './feedback.js';
import { errorOf } from './testing/error-of.js';
import { FeedbackWorld } from './testing/feedback-world.js';
import { expectServedIsHead, useFeedbackWorlds } from './testing/use-feedback-worlds.js';

const worlds = useFeedbackWorlds();
const newId = (): string => worlds.newId();

describe('a client that waits', () => {
  it('is told where to look when its step does not begin in time, and the step begins later', async () => {
    const world = await FeedbackWorld.start({ ...worlds.options(), lockTimeoutMs: 50 });
    const loraId = await world.initAdapter(newId());
    const open = world.engine.closeGate();
    const first = await world.accept(loraId);
    await world.untilState(first, 'training');
    const second = await world.accept(loraId);
    const error = await errorOf(world.waiter.outcome(second));
    expect(error).toMatchObject({
      code: 'feedback_lock_timeout',
      details: { feedback_status: 'queued', location: `/v1/feedback/${second.requestId}` },
    });
    open();
    await world.processor.idle();
    expect(await world.headLearned(loraId)).toEqual([first.requestId, second.requestId]);
  });

  it('waits longer than that once its step has begun', async () => {
    const world = await FeedbackWorld.start({ ...worlds.options(), lockTimeoutMs: 100 });
    const loraId = await world.initAdapter(newId());
    const open = world.engine.closeGate();
    const accepted = await world.accept(loraId);
    await world.untilState(accepted, 'training');
    const outcome = world.waiter.outcome(await world.service.find(accepted.requestId));
    await delay(150);
    open();
    expect((await outcome).state).toBe('verified');
  });

  it('is told when the service stops', async () => {
    const world = await FeedbackWorld.start(worlds.options());
    const loraId = await world.initAdapter(newId());
    world.engine.closeGate();
    const outcome = errorOf(world.waiter.outcome(await world.accept(loraId)));
    world.waiter.stop();
    await world.processor.stop();
    expect((await outcome).code).toBe('feedback_interrupted');
  });
});

describe('an adapter that changes while feedbacks wait', () => {
  it('fails them when it is deleted', async () => {
    const world = await FeedbackWorld.start(worlds.options());
    const loraId = await world.initAdapter(newId());
    const open = world.engine.closeGate();
    const accepted = [await world.accept(loraId), await world.accept(loraId)];
    await world.untilState(accepted[0] as Feedback, 'training');
    await world.locks.run(loraId, async () => world.store.remove(loraId));
    open();
    await world.processor.idle();
    for (const { requestId } of accepted) {
      const { state, error } = await world.service.find(requestId);
      expect(state).toBe('failed');
      expect(error?.message).toContain(loraId);
    }
    expect((await world.service.find((accepted[1] as Feedback).requestId)).error?.code).toBe('adapter_not_found');
  });

  it('fails them when another is made in its place', async () => {
    const world = await FeedbackWorld.start(worlds.options());
    const [busy, loraId] = [await world.initAdapter(newId()), await world.initAdapter(newId())];
    const open = world.engine.closeGate();
    await world.untilState(await world.accept(busy), 'training');
    const waiting = await world.accept(loraId);
    await world.store.remove(loraId);
    await delay(5);
    await world.initAdapter(loraId);
    open();
    await world.processor.idle();
    expect((await world.service.find(waiting.requestId)).error?.message).toContain('created again');
    expect(await world.headLearned(loraId)).toEqual([]);
  });

  it('learns from the new head when it is rolled back during a step', async () => {
    const world = await FeedbackWorld.start(worlds.options());
    const loraId = await world.initAdapter(newId());
    await world.send(loraId);
    await world.processor.idle();
    const open = world.engine.closeGate();
    const accepted = await world.accept(loraId);
    await world.untilState(accepted, 'training');
    await world.locks.run(loraId, async () => {
      const { directory } = await world.store.rollback(loraId, 0);
      await world.serving.publish({ loraId, version: 0, directory });
    });
    open();
    expect(await world.waiter.outcome(accepted)).toMatchObject({ state: 'verified', parentVersion: 0, version: 2 });
    expect(await world.headLearned(loraId)).toEqual([accepted.requestId]);
    await expectServedIsHead(world, loraId);
  });
});

import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Feedback } from './feedback.js';
import { errorOf } from './testing/error-of.js';
import { FeedbackWorld } from './testing/feedback-world.js';
import { sampleRequest } from './testing/sample-feedback.js';
import { expectServedIsHead, useFeedbackWorlds } from './testing/use-feedback-worlds.js';

const worlds = useFeedbackWorlds();
const newId = (): string => worlds.newId();

describe('feedbacks of one adapter', () => {
  it('are learned in the order in which they arrived', async () => {
    const world = await FeedbackWorld.start(worlds.options());
    const loraId = await world.initAdapter(newId());
    const accepted = await Promise.all(Array.from({ length: 6 }, () => world.accept(loraId)));
    const inOrder = accepted.sort((a, b) => a.sequence - b.sequence).map(({ requestId }) => requestId);
    await world.processor.idle();
    expect(await world.headLearned(loraId)).toEqual(inOrder);
    await expectServedIsHead(world, loraId);
  });

  it('keep that order when the first takes longest to be prepared', async () => {
    const world = await FeedbackWorld.start(worlds.options());
    const loraId = await world.initAdapter(newId());
    const prepare = world.engine.prepare.bind(world.engine);
    let isFirst = true;
    world.engine.prepare = async (request) => {
      if (isFirst) {
        isFirst = false;
        await delay(50);
      }
      return prepare(request);
    };
    const [first, second] = await Promise.all([world.accept(loraId), world.accept(loraId)]);
    expect(first.sequence).toBeLessThan(second.sequence);
  });

  it('keep that order when the adapter of the first takes longest to be found', async () => {
    const world = await FeedbackWorld.start(worlds.options());
    const loraId = await world.initAdapter(newId());
    const resolve = world.store.resolve.bind(world.store);
    let isSecondFound = (): void => undefined;
    const second = new Promise<void>((found) => (isSecondFound = found));
    let asked = 0;
    world.store.resolve = async (id) => {
      asked += 1;
      if (asked === 1) await second;
      const found = await resolve(id);
      if (asked === 2) isSecondFound();
      return found;
    };
    const accepted = await Promise.all([world.accept(loraId), world.accept(loraId)]);
    expect(accepted[0].sequence).toBeLessThan(accepted[1].sequence);
  });

  it('are learned in order also when an alias and the id are mixed', async () => {
    const world = await FeedbackWorld.start(worlds.options());
    const loraId = await world.initAdapter(newId());
    await world.store.setAlias(`${loraId}-latest` as typeof loraId, loraId);
    const first = await world.accept(loraId);
    const second = await world.accept(`${loraId}-latest`);
    await world.processor.idle();
    expect(await world.headLearned(loraId)).toEqual([first.requestId, second.requestId]);
    expect(second).toMatchObject({ loraId, requestedLoraId: `${loraId}-latest` });
  });

  it('go on in order after a restart', async () => {
    const world = await FeedbackWorld.start(worlds.options());
    const loraId = await world.initAdapter(newId());
    world.engine.closeGate();
    const accepted = [await world.accept(loraId), await world.accept(loraId), await world.accept(loraId)];
    await world.untilState(accepted[0] as Feedback, 'training');
    await world.processor.stop();
    const next = await FeedbackWorld.start(worlds.options());
    await next.processor.idle();
    expect(await next.headLearned(loraId)).toEqual(accepted.map(({ requestId }) => requestId));
    expect((await next.service.find((accepted[0] as Feedback).requestId)).attempts).toBe(2);
  });
});

describe('feedbacks of two adapters', () => {
  it('never mix, and take one step at a time', async () => {
    const world = await FeedbackWorld.start(worlds.options());
    const [a, b] = [await world.initAdapter(newId()), await world.initAdapter(newId())];
    const ofA: Feedback[] = [];
    const ofB: Feedback[] = [];
    for (let count = 0; count < 4; count += 1) {
      ofA.push(await world.accept(a));
      ofB.push(await world.accept(b));
    }
    await world.processor.idle();
    expect(await world.headLearned(a)).toEqual(ofA.map(({ requestId }) => requestId));
    expect(await world.headLearned(b)).toEqual(ofB.map(({ requestId }) => requestId));
    expect(world.engine.mostAtOnce).toBe(1);
    await expectServedIsHead(world, a);
    await expectServedIsHead(world, b);
  });
});

describe('an idempotency key', () => {
  it('gives the first outcome for the same body and trains once, however many repeat it at once', async () => {
    const world = await FeedbackWorld.start(worlds.options());
    const loraId = await world.initAdapter(newId());
    const key = newId();
    const repeated = await Promise.all(
      Array.from({ length: 8 }, async () => world.waiter.outcome(await world.accept(loraId, {}, key))),
    );
    const later = await world.accept(loraId, {}, key);
    expect(new Set([...repeated, later].map(({ requestId }) => requestId)).size).toBe(1);
    expect(later).toMatchObject({ state: 'verified', version: 1 });
    expect(await world.headLearned(loraId)).toEqual([later.requestId]);
  });

  it('is refused for another body', async () => {
    const world = await FeedbackWorld.start(worlds.options());
    const loraId = await world.initAdapter(newId());
    const key = newId();
    const first = await world.accept(loraId, {}, key);
    const error = await errorOf(world.accept(loraId, { feedback: 'Something else.' }, key));
    expect(error).toMatchObject({ code: 'idempotency_conflict', details: { feedback_id: first.requestId } });
    await world.processor.idle();
    expect(await world.headLearned(loraId)).toEqual([first.requestId]);
  });

  it('is decided by one of two bodies that race for it', async () => {
    const world = await FeedbackWorld.start(worlds.options());
    const loraId = await world.initAdapter(newId());
    const key = newId();
    const results = await Promise.allSettled([
      world.accept(loraId, {}, key),
      world.accept(loraId, { feedback: 'Something else.' }, key),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await world.processor.idle();
    expect(await world.headLearned(loraId)).toHaveLength(1);
  });

  it('gives the same failure again', async () => {
    const world = await FeedbackWorld.start(worlds.options());
    const loraId = await world.initAdapter(newId());
    const key = newId();
    world.faults.plan('engine.distill', 'fails before');
    const first = await world.waiter.outcome(await world.accept(loraId, {}, key));
    const again = await world.waiter.outcome(await world.accept(loraId, {}, key));
    expect(again).toEqual(first);
    expect(again.state).toBe('failed');
    expect(await world.headLearned(loraId)).toEqual([]);
  });
});

describe('a feedback that is refused', () => {
  it.each([
    ['adapter_not_found', { loraId: 'no/such' }],
    ['adapter_id_invalid', { loraId: '../etc' }],
    ['completion_not_found', { subject: { kind: 'completion', completionId: 'chatcmpl-none' } as const }],
    ['response_empty', { subject: { kind: 'prompt', prompt: 'a', response: '', rolloutLogprobs: null } as const }],
    [
      'rollout_logprobs_mismatch',
      { subject: { kind: 'prompt', prompt: 'a', response: 'abc', rolloutLogprobs: [-1] } as const },
    ],
  ])('as %s is not accepted', async (code, change) => {
    const world = await FeedbackWorld.start(worlds.options());
    const loraId = await world.initAdapter(newId());
    const all = { loraId: null, state: null, beforeSequence: null, limit: 1 };
    const before = await world.service.list(all);
    const error = await errorOf(world.service.accept(sampleRequest({ loraId, ...change }), null));
    expect(error.code).toBe(code);
    expect(await world.service.list(all)).toEqual(before);
  });

  it('names the adapter that gave the answer when it is another one', async () => {
    const world = await FeedbackWorld.start(worlds.options());
    const [mine, other] = [await world.initAdapter(newId()), await world.initAdapter(newId())];
    const completionId = `chatcmpl-${newId()}`;
    await world.interactions.save({
      completionId,
      loraId: other,
      version: 0,
      conversation: [{ role: 'user', content: 'Hello' }],
      templateOptions: { enableThinking: null },
      promptTokenIds: [1],
      responseTokenIds: [2],
      samplingLogprobs: [-0.5],
      temperature: 0.7,
      text: 'Hi',
      createdAt: new Date(),
    });
    const subject = { kind: 'completion', completionId } as const;
    const error = await errorOf(world.accept(mine, { subject }));
    expect(error).toMatchObject({ code: 'completion_not_of_adapter', details: { answered_by: other } });
    const accepted = await world.accept(other, { subject });
    expect(accepted.rollout).toMatchObject({
      promptTokenIds: [1],
      response: { tokenIds: [2] },
      rolloutLogprobs: [-0.5],
      temperature: 0.7,
    });
    expect((await world.waiter.outcome(accepted)).state).toBe('verified');
  });
});

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ClaasError } from '@claas/contracts';
import type { Fault } from './testing/faults.js';
import { FeedbackWorld } from './testing/feedback-world.js';
import { expectServedIsHead, useFeedbackWorlds } from './testing/use-feedback-worlds.js';

const worlds = useFeedbackWorlds();
const newId = (): string => worlds.newId();

describe('a server that goes on with the old version', () => {
  it('is found out, and the adapter goes back to that version', async () => {
    const world = await FeedbackWorld.start(worlds.options());
    const loraId = await world.initAdapter(newId());
    world.serving.staleVersion = 1;
    const feedback = await world.send(loraId);
    expect(feedback).toMatchObject({ state: 'rolled_back', version: 1, parentVersion: 0 });
    expect(feedback.error).toMatchObject({ code: 'verification_failed', phase: 'verify' });
    expect(feedback.error?.message).toContain('is at version 0 again, which is served again');
    expect(feedback.serving).toMatchObject({ published: false, verification: { verified: false } });
    await expectServedIsHead(world, loraId);

    const next = await world.send(loraId);
    expect(next).toMatchObject({ state: 'verified', parentVersion: 0, version: 2 });
    expect(await world.headLearned(loraId)).toEqual([next.requestId]);
  });

  it('and can’t be told of the parent either, forgets the adapter', async () => {
    const world = await FeedbackWorld.start(worlds.options());
    const loraId = await world.initAdapter(newId());
    world.faults.plan('serving.verify', 'fails before');
    const accepted = await world.accept(loraId);
    world.hub.onChange(accepted.requestId, ({ state }) => {
      if (state === 'published') world.faults.plan('serving.publish', 'fails before', 3);
    });
    const feedback = await world.waiter.outcome(accepted);
    expect(feedback.state).toBe('rolled_back');
    expect(feedback.error?.message).toContain('could not be published');
    expect(world.serving.published()).toEqual([]);
    expect((await world.store.read(loraId)).manifest.version).toBe(0);
  });
});

describe.each<Fault>(['fails before', 'fails after', 'hangs before', 'hangs after'])('a rollback', (fault) => {
  it(`ends with the parent served, also when a call of it ${fault} it took effect`, async () => {
    const calls = await callsOfRollback();
    for (let index = 0; index < calls.length; index += 1) {
      const options = { ...worlds.options(), root: join(worlds.options().root, `${fault} ${index}`) };
      const world = await FeedbackWorld.start(options);
      const loraId = await world.initAdapter(newId());
      world.serving.staleVersion = 1;
      world.faults.planAt(index, fault);
      const accepted = await world.accept(loraId);
      let last = world;
      if (fault.startsWith('hangs')) {
        while (!world.faults.isHanging) await delay(2);
        last = await FeedbackWorld.start(options);
        last.serving.staleVersion = 1;
      }
      await last.processor.idle();
      const finished = await last.service.find(accepted.requestId);
      const where = `${calls[index]} ${fault}: ${finished.state} ${finished.error?.message}`;
      expect(finished.finishedAt, where).not.toBeNull();
      // A server that starts anew reads the version from its files: it can't be stale.
      expect(['rolled_back', 'failed', ...(last === world ? [] : ['verified'])], where).toContain(finished.state);
      await expectServedIsHead(last, loraId);
      const learned = finished.state === 'verified' ? [accepted.requestId] : [];
      expect(await last.headLearned(loraId), where).toEqual(learned);
    }
  }, 120_000);
});

async function callsOfRollback(): Promise<readonly string[]> {
  const world = await FeedbackWorld.start(worlds.options());
  const loraId = await world.initAdapter(newId());
  world.serving.staleVersion = 1;
  await world.send(loraId);
  await world.processor.idle();
  return [...world.faults.calls];
}

/** What a call that returns takes is far less, also on a busy machine. */
const SHORT_LIMIT_MS = 3_000;

describe('a call that never returns', () => {
  it('cancels the step and leaves the adapter as it was', async () => {
    const world = await FeedbackWorld.start({ ...worlds.options(), settings: { stepTimeoutMs: SHORT_LIMIT_MS } });
    const loraId = await world.initAdapter(newId());
    world.engine.gate = new Promise(() => undefined);
    const feedback = await world.send(loraId);
    expect(feedback).toMatchObject({ state: 'failed', error: { code: 'trainer_unresponsive', phase: 'distill' } });
    expect(feedback.error?.message).toContain('is unchanged: version 0 is its head');
    await expectServedIsHead(world, loraId);
  });

  it('of an engine that can’t be cancelled is given up, and the next step runs', async () => {
    const settings = { stepTimeoutMs: SHORT_LIMIT_MS, cancelGraceMs: 50 };
    const world = await FeedbackWorld.start({ ...worlds.options(), settings });
    const loraId = await world.initAdapter(newId());
    world.engine.hearsCancellation = false;
    world.engine.gate = new Promise(() => undefined);
    expect(await world.send(loraId)).toMatchObject({ state: 'failed', error: { code: 'trainer_unresponsive' } });
    world.engine.gate = Promise.resolve();
    expect(await world.send(loraId)).toMatchObject({ state: 'verified', version: 1 });
  });

  it('in a verification takes the version back', async () => {
    const world = await FeedbackWorld.start({ ...worlds.options(), settings: { servingTimeoutMs: SHORT_LIMIT_MS } });
    const loraId = await world.initAdapter(newId());
    world.faults.plan('serving.verify', 'hangs before');
    expect(await world.send(loraId)).toMatchObject({ state: 'rolled_back', error: { code: 'serving_failed' } });
    await expectServedIsHead(world, loraId);
  });

  it('in a publication that takes effect late does not leave the wrong version served', async () => {
    const world = await FeedbackWorld.start({ ...worlds.options(), settings: { servingTimeoutMs: SHORT_LIMIT_MS } });
    const loraId = await world.initAdapter(newId());
    world.faults.plan('serving.publish', 'hangs before');
    expect(await world.send(loraId)).toMatchObject({ state: 'rolled_back', error: { phase: 'publish' } });
    await expectServedIsHead(world, loraId);
    world.faults.release();
    await delay(100);
    await expectServedIsHead(world, loraId);
  });
});

describe('an error of the engine', () => {
  it.each(['trainer_crashed', 'step_not_finite', 'teacher_failed', 'context_too_long'] as const)(
    '%s reaches the client as it is, and is not tried again',
    async (code) => {
      const world = await FeedbackWorld.start(worlds.options());
      const loraId = await world.initAdapter(newId());
      let steps = 0;
      world.engine.distill = async () => {
        steps += 1;
        throw new ClaasError(code, 'That went wrong.', { exit_code: 9 });
      };
      const feedback = await world.send(loraId);
      expect(feedback).toMatchObject({ state: 'failed', error: { code, details: { exit_code: 9, phase: 'distill' } } });
      expect(steps).toBe(1);
      await expectServedIsHead(world, loraId);
    },
  );

  it('leaves nothing staged', async () => {
    const world = await FeedbackWorld.start(worlds.options());
    const loraId = await world.initAdapter(newId());
    const staged: string[] = [];
    const stage = world.store.stage.bind(world.store);
    world.store.stage = async () => {
      const directory = await stage();
      staged.push(directory);
      return directory;
    };
    const discarded: string[] = [];
    const discard = world.store.discard.bind(world.store);
    world.store.discard = async (directory) => {
      discarded.push(directory);
      await discard(directory);
    };
    world.faults.plan('engine.distill', 'fails after');
    await world.send(loraId);
    expect(staged).toHaveLength(1);
    expect(discarded).toEqual(staged);
  });
});

describe('a server that shares the accelerator', () => {
  const relevant = (calls: readonly string[]): string[] =>
    calls.filter((call) => /serving\.|engine\.|store\.commit/.test(call));

  it('is drained and put to sleep before the step, and woken after the commit', async () => {
    const world = await FeedbackWorld.start({ ...worlds.options(), releasesAccelerator: true });
    const loraId = await world.initAdapter(newId());
    const feedback = await world.send(loraId);
    expect(feedback.state).toBe('verified');
    expect(feedback.serving).toMatchObject({ slept: true, woke: true, published: true });
    expect(relevant(world.faults.calls)).toEqual([
      'serving.drain',
      'serving.release',
      'engine.distill',
      'store.commit',
      'serving.restore',
      'serving.publish',
      'serving.verify',
    ]);
  });

  it('is woken again when the step fails', async () => {
    const world = await FeedbackWorld.start({ ...worlds.options(), releasesAccelerator: true });
    const loraId = await world.initAdapter(newId());
    world.faults.plan('engine.distill', 'fails before');
    const feedback = await world.send(loraId);
    expect(feedback).toMatchObject({ state: 'failed', serving: { slept: true, woke: true } });
    expect(relevant(world.faults.calls).at(-1)).toBe('serving.restore');
  });

  it('stays as the client wants it', async () => {
    const world = await FeedbackWorld.start({ ...worlds.options(), releasesAccelerator: true });
    const loraId = await world.initAdapter(newId());
    const orchestration = { sleepBefore: true, wakeAfter: false, wakeOnFailure: false, sleepLevel: 1 } as const;
    const feedback = await world.send(loraId, { orchestration });
    expect(feedback).toMatchObject({ state: 'committed', error: null, serving: { slept: true, woke: false } });
    expect(feedback.finishedAt).not.toBeNull();
    expect(relevant(world.faults.calls)).toEqual([
      'serving.drain',
      'serving.release',
      'engine.distill',
      'store.commit',
    ]);
  });

  it('that does not become idle refuses the step before anything happens', async () => {
    const world = await FeedbackWorld.start({ ...worlds.options(), releasesAccelerator: true });
    const loraId = await world.initAdapter(newId());
    world.serving.drain = async () => {
      throw new ClaasError('serving_not_idle', 'vLLM not idle: 2 requests run.');
    };
    const feedback = await world.send(loraId);
    expect(feedback).toMatchObject({ state: 'failed', error: { code: 'serving_not_idle', phase: 'drain' } });
    expect(relevant(world.faults.calls)).toEqual(['serving.drain']);
  });

  it.each<Fault>(['fails before', 'fails after'])(
    'answers with the head after every feedback whose call %s it took effect',
    async (fault) => {
      const options = { ...worlds.options(), releasesAccelerator: true };
      const probe = await FeedbackWorld.start(options);
      await probe.send(await probe.initAdapter(newId()));
      await probe.processor.idle();
      const calls = [...probe.faults.calls];
      for (let index = 0; index < calls.length; index += 1) {
        const world = await FeedbackWorld.start({ ...options, root: join(options.root, `${fault} ${index}`) });
        const loraId = await world.initAdapter(newId());
        world.faults.planAt(index, fault);
        const feedback = await world.send(loraId);
        await world.processor.idle();
        const where = `${calls[index]} ${fault}: ${feedback.state} ${feedback.error?.message}`;
        await expectServedIsHead(world, loraId);
        expect((await world.serving.health()).ready, where).toBe(true);
        expect(await world.headLearned(loraId), where).toEqual(
          feedback.state === 'verified' ? [feedback.requestId] : [],
        );
      }
    },
    120_000,
  );
});

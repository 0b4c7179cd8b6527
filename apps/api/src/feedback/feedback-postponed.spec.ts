import { eq } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { ClaasError } from '@claas/contracts';
import { feedbacks } from '../database/schema.js';
import { FeedbackWorld } from './testing/feedback-world.js';
import { expectServedIsHead, useFeedbackWorlds } from './testing/use-feedback-worlds.js';

const worlds = useFeedbackWorlds();

function startFailure(exit: { readonly signal: string | null; readonly exit_code: number | null }): ClaasError {
  return new ClaasError('trainer_failed_to_start', 'The trainer could not be started.', exit);
}

const KILLED = startFailure({ signal: 'SIGKILL', exit_code: null });

/** A world whose steps of feedback number `index` fail as long as `failure` gives an error. */
async function startWorld(failure: (index: number) => Promise<ClaasError | null>): Promise<{
  readonly world: FeedbackWorld;
  readonly ids: string[];
}> {
  const world = await FeedbackWorld.start({ ...worlds.options(), releasesAccelerator: true });
  const ids: string[] = [];
  const distill = world.engine.distill.bind(world.engine);
  world.engine.distill = async (task, options) => {
    await world.engine.gate;
    const error = await failure(ids.indexOf(task.feedbackId));
    if (error !== null) throw error;
    return distill(task, options);
  };
  return { world, ids };
}

describe('a trainer that is killed while it starts', () => {
  it('postpones the feedback and those behind it, in order; what was committed before is served meanwhile', async () => {
    let kills = 2;
    const { world, ids } = await startWorld((index) => Promise.resolve(index === 1 && kills-- > 0 ? KILLED : null));
    const loraId = await world.initAdapter(worlds.newId());
    const open = world.engine.closeGate();
    for (let count = 0; count < 3; count += 1) ids.push((await world.accept(loraId)).requestId);
    open();
    await world.processor.idle();
    const all = await Promise.all(ids.map((id) => world.service.find(id)));
    expect(all.map(({ state }) => state)).toEqual(['verified', 'verified', 'verified']);
    expect(all.map(({ attempts }) => attempts)).toEqual([1, 3, 1]);
    expect(await world.headLearned(loraId)).toEqual(ids);
    // Once in each turn: the server is awake while the adapter rests.
    expect(world.faults.calls.filter((call) => call === 'serving.restore')).toHaveLength(3);
    await expectServedIsHead(world, loraId);
  });

  it('fails the feedback at the tenth attempt, with the reason', async () => {
    const { world, ids } = await startWorld(async () => {
      await worlds.options().database.orm.update(feedbacks).set({ attempts: 9 }).where(eq(feedbacks.attempts, 1));
      return KILLED;
    });
    const loraId = await world.initAdapter(worlds.newId());
    ids.push((await world.accept(loraId)).requestId);
    await world.processor.idle();
    const feedback = await world.service.find(ids[0] ?? '');
    expect(feedback).toMatchObject({ state: 'failed', attempts: 10, error: { code: 'trainer_failed_to_start' } });
    expect(await world.headLearned(loraId)).toEqual([]);
  });
});

describe('a trainer that ends by itself while it starts', () => {
  it('fails the feedback at once', async () => {
    const { world } = await startWorld(() => Promise.resolve(startFailure({ signal: null, exit_code: 2 })));
    const loraId = await world.initAdapter(worlds.newId());
    const feedback = await world.send(loraId);
    expect(feedback).toMatchObject({ state: 'failed', attempts: 1, error: { code: 'trainer_failed_to_start' } });
  });
});

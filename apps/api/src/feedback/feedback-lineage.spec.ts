import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ClaasError, type AdapterId } from '@claas/contracts';
import { FeedbackWorld, type WorldOptions } from './testing/feedback-world.js';
import { expectServedIsHead, useFeedbackWorlds } from './testing/use-feedback-worlds.js';
import { writeLearned } from './testing/weights.js';

const worlds = useFeedbackWorlds();
const sharing = (): WorldOptions => ({ ...worlds.options(), releasesAccelerator: true });

interface Turn {
  readonly world: FeedbackWorld;
  readonly loraId: AdapterId;
  /** In order of arrival. */
  readonly ids: readonly string[];
}

/** So many feedbacks that go through one sleep; `crashing` fails its step, and that of `lasting` never ends. */
async function beginTurn(
  feedbacks: number,
  {
    crashing = -1,
    lasting = -1,
    prepare,
  }: { readonly crashing?: number; readonly lasting?: number; readonly prepare?: (world: FeedbackWorld) => void } = {},
): Promise<Turn> {
  const world = await FeedbackWorld.start(sharing());
  const loraId = await world.initAdapter(worlds.newId());
  const open = world.engine.closeGate();
  const ids: string[] = [];
  const distill = world.engine.distill.bind(world.engine);
  world.engine.distill = async (task, options) => {
    await world.engine.gate;
    if (task.feedbackId === ids[crashing]) throw new ClaasError('trainer_crashed', 'The trainer was killed.');
    if (task.feedbackId === ids[lasting]) await world.faults.around('lasting step', () => Promise.resolve());
    return distill(task, options);
  };
  world.faults.plan('lasting step', 'hangs before');
  prepare?.(world);
  for (let count = 0; count < feedbacks; count += 1) ids.push((await world.accept(loraId)).requestId);
  open();
  return { world, loraId, ids };
}

async function hanging({ world }: Turn): Promise<void> {
  while (!world.faults.isHanging) await delay(2);
}

/** The states in order of arrival, when nothing remains to be done; what was told `verified` is in the head, once. */
async function statesAtTheEnd(world: FeedbackWorld, { loraId, ids }: Turn): Promise<string[]> {
  await world.processor.idle();
  const feedbacks = await Promise.all(ids.map((id) => world.service.find(id)));
  const verified = feedbacks.filter(({ state }) => state === 'verified').map(({ requestId }) => requestId);
  expect([...(await world.headLearned(loraId))].sort()).toEqual([...verified].sort());
  await expectServedIsHead(world, loraId);
  return feedbacks.map(({ state }) => state);
}

describe('a turn whose process dies after the trainer crashed in a step between commits', () => {
  it('is served in the order of versions: taking one back takes no version that was told to be verified', async () => {
    const turn = await beginTurn(4, { crashing: 1, lasting: 3 });
    await hanging(turn);
    const world = await FeedbackWorld.start(sharing());
    // The third, which the second and the fourth build on.
    world.serving.staleVersion = 2;
    expect(await statesAtTheEnd(world, turn)).toEqual(['verified', 'verified', 'rolled_back', 'verified']);
    const [first, second, , fourth] = turn.ids;
    expect(await world.headLearned(turn.loraId)).toEqual([first, second, fourth]);
  });

  it('is served although its last feedback was committed before, and nothing that is learned is told to be taken back', async () => {
    const prepare = ({ faults }: FeedbackWorld): void => {
      faults.plan('serving.restore', 'hangs before');
    };
    const turn = await beginTurn(3, { crashing: 1, prepare });
    await hanging(turn);
    const world = await FeedbackWorld.start(sharing());
    expect(await statesAtTheEnd(world, turn)).toEqual(['verified', 'verified', 'verified']);
    const [first, second, third] = turn.ids;
    expect(await world.headLearned(turn.loraId)).toEqual([first, third, second]);
  });
});

describe('feedbacks that are queued again', () => {
  it('are learned in order of arrival', async () => {
    const prepare = ({ serving }: FeedbackWorld): void => {
      serving.staleVersion = 1;
    };
    const turn = await beginTurn(3, { prepare });
    expect(await statesAtTheEnd(turn.world, turn)).toEqual(['rolled_back', 'verified', 'verified']);
    expect(await turn.world.headLearned(turn.loraId)).toEqual(turn.ids.slice(1));
  });
});

describe('a head that a client takes back between a crash and the next process', () => {
  it('stays there: what it has no longer is reported, or learned once more', async () => {
    const turn = await beginTurn(3, { lasting: 2 });
    await hanging(turn);
    await turn.world.store.rollback(turn.loraId, 0);
    const world = await FeedbackWorld.start(sharing());
    expect(await statesAtTheEnd(world, turn)).toEqual(['rolled_back', 'verified', 'verified']);
    const [, second, third] = turn.ids;
    expect(await world.headLearned(turn.loraId)).toEqual([third, second]);
  });
});

describe('a process that starts where the server no longer shares the accelerator', () => {
  it('serves what the one before has committed in one turn, each before those that build on it', async () => {
    const turn = await beginTurn(3, { lasting: 2 });
    await hanging(turn);
    const world = await FeedbackWorld.start(worlds.options());
    expect(await statesAtTheEnd(world, turn)).toEqual(['verified', 'verified', 'verified']);
    expect(await world.headLearned(turn.loraId)).toEqual(turn.ids);
  });

  it('takes back what builds on a version that is not served, and learns it once more', async () => {
    const turn = await beginTurn(3, { lasting: 2 });
    await hanging(turn);
    const world = await FeedbackWorld.start(worlds.options());
    world.serving.staleVersion = 1;
    expect(await statesAtTheEnd(world, turn)).toEqual(['rolled_back', 'verified', 'verified']);
    expect(await world.headLearned(turn.loraId)).toEqual(turn.ids.slice(1));
  });
});

describe('a version that somebody commits on one that is not served yet, between a crash and the next process', () => {
  async function crashAndCommit(): Promise<Turn> {
    const prepare = ({ faults }: FeedbackWorld): void => {
      faults.plan('serving.restore', 'hangs before');
    };
    const turn = await beginTurn(2, { prepare });
    await hanging(turn);
    const { store } = turn.world;
    const { manifest } = await store.read(turn.loraId);
    const directory = await store.stage();
    await writeLearned(directory, [...turn.ids, 'another']);
    const { baseModel, rank, loraAlpha, targetModules, version: parent } = manifest;
    const shape = { baseModel, rank, loraAlpha, targetModules, metrics: null, receipt: null };
    await store.commit(turn.loraId, {
      parent,
      directory,
      manifest: { ...shape, origin: 'import', feedbackId: null },
    });
    return turn;
  }

  it('is served after the feedbacks in its line, which are verified', async () => {
    const turn = await crashAndCommit();
    const world = await FeedbackWorld.start(sharing());
    await world.processor.idle();
    for (const id of turn.ids) expect((await world.service.find(id)).state).toBe('verified');
    expect(await world.headLearned(turn.loraId)).toEqual([...turn.ids, 'another']);
    await expectServedIsHead(world, turn.loraId);
  });

  it('goes with a version in its line that is taken back', async () => {
    const turn = await crashAndCommit();
    const world = await FeedbackWorld.start(sharing());
    world.serving.staleVersion = 2;
    expect(await statesAtTheEnd(world, turn)).toEqual(['verified', 'rolled_back']);
    expect(await world.headLearned(turn.loraId)).toEqual(turn.ids.slice(0, 1));
  });
});

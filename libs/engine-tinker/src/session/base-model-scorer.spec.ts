import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TinkerWorld } from '../testing/tinker-world.js';
import type { TinkerConnection } from '../tinker-connection.js';
import type { TargetRows } from '../wire/datum.js';

const ROWS: TargetRows = {
  tokenIds: [5, 6, 7],
  firstRow: 1,
  K: 2,
  targets: Int32Array.of(1, 2, 3, 4),
  weights: new Float32Array(4),
};

let world: TinkerWorld;
let connection: TinkerConnection;
let expected: Float32Array[];

beforeAll(async () => {
  world = await TinkerWorld.create();
  connection = world.connect();
  expected = await connection.baseModel.logprobs([ROWS]);
});
afterEach(async () => {
  await connection.settled();
  expect((await world.double.state()).models).toBe(1);
});
afterAll(async () => {
  await connection.close();
  await world.close();
});

describe('the base model as several steps ask it', () => {
  it('answers those whose own requests arrived, at once and afterwards, when one did not', async () => {
    await world.double.fault({ call: 'forward_backward', kind: 'fail', status: 400 });
    const outcomes = await Promise.allSettled([1, 2, 3].map(() => connection.baseModel.logprobs([ROWS])));
    const answers = outcomes.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value);
    expect(answers).toEqual([expected, expected]);
    expect(await connection.baseModel.logprobs([ROWS])).toEqual(expected);
  });

  it('answers another when the one that it was made for gives up', async () => {
    // A new one is made.
    await world.double.fault({ call: 'forward_backward', kind: 'fail', status: 400 });
    await expect(connection.baseModel.logprobs([ROWS])).rejects.toMatchObject({ code: 'engine_unavailable' });
    const giveUp = new AbortController();
    const first = connection.baseModel.logprobs([ROWS], giveUp.signal);
    const second = connection.baseModel.logprobs([ROWS]);
    giveUp.abort();
    await expect(first).rejects.toMatchObject({ code: 'cancelled' });
    expect(await second).toEqual(expected);
  });
});

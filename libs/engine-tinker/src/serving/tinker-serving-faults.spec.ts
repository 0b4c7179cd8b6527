import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { untrainedVersion } from '../testing/short-task.js';
import { SHORT_TIMEOUTS, TinkerWorld } from '../testing/tinker-world.js';
import type { TinkerConnection } from '../tinker-connection.js';

const request = {
  prompt: { kind: 'text' as const, text: 'The sky is' },
  sampling: { temperature: 0, topP: null, topK: null, seed: 1, maxTokens: 8, stop: [], topLogprobs: 0 },
};

let world: TinkerWorld;
let connection: TinkerConnection;

beforeAll(async () => {
  world = await TinkerWorld.create({ restartAfterMs: 300 });
  connection = world.connect({ timeouts: { ...SHORT_TIMEOUTS, patienceMs: 15_000 } });
});

afterAll(() => world.close());

describe('answers', () => {
  it('are given although the service is started again while it samples', async () => {
    const serving = world.serving(connection);
    const engine = world.engine(connection);
    const parent = await untrainedVersion(world, engine, 'tests/answers');
    await serving.publish(parent);
    const model = { kind: 'adapter' as const, loraId: parent.loraId };
    const expected = await serving.generate(model, request);
    await world.double.fault({ call: 'asample', kind: 'die', when: 'after' });
    expect(await serving.generate(model, request)).toEqual(expected);
    await engine.close();
  });

  it('are refused with a sentence when the service is gone for long', async () => {
    const serving = world.serving(
      world.connect({ baseUrl: 'http://127.0.0.1:1', timeouts: { ...SHORT_TIMEOUTS, patienceMs: 700 } }),
    );
    await expect(serving.generate({ kind: 'base' }, request)).rejects.toMatchObject({
      code: 'engine_unavailable',
      message: expect.stringContaining('CLAAS_TINKER_BASE_URL'),
    });
    expect(await serving.health()).toMatchObject({ ready: false });
  });
});

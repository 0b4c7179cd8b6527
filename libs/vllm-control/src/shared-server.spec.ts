import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { initialVersion } from './testing/train-version.js';
import { VllmWorld } from './testing/vllm-world.js';

const question = { prompt: { kind: 'text' as const, text: 'The capital of' }, completion: { text: ' France' } };

let world: VllmWorld;
beforeAll(async () => {
  world = await VllmWorld.create();
}, 120_000);
afterEach(() => world.closeServers());
afterAll(() => world.close());

describe('a process that shares its server with the one that steps', () => {
  it('holds its requests back while it is told to, and takes a version over that is loaded already', async () => {
    const double = await world.double();
    const [steps, other] = [world.serving(double.url), world.serving(double.url)];
    const version = await initialVersion(world.trainer, world.root, 'shared/server');
    await steps.publish(version);
    await other.publish(version);
    expect(double.orders()).toEqual(['load']);

    other.hold();
    other.hold();
    await steps.drain({ timeoutMs: 5_000 });
    await steps.release({ level: 1 });
    const waiting = other.score({ kind: 'adapter', loraId: version.loraId }, question);
    await steps.restore();
    expect((await other.health()).details).toMatchObject({ holds_requests: true, waiting: 1, sleeping: false });
    other.resume();
    expect((await waiting).logprobs).toHaveLength(1);
  });
});

describe('the base model’s name', () => {
  it('is looked up at the server where nobody told it, adapters left aside', async () => {
    const double = await world.double({ baseModelName: 'qwen3-8b' });
    const version = await initialVersion(world.trainer, world.root, 'a/first');
    const serving = world.serving(double.url, { baseModelName: 'Qwen/Qwen3-8B', asksForBaseModelName: true });
    await serving.publish(version);
    expect(await serving.baseModelName()).toBe('qwen3-8b');
    expect((await serving.score({ kind: 'base' }, question)).logprobs).toHaveLength(1);
    expect((await serving.health()).ready).toBe(true);
  });

  it('is asked for again after the server was away', async () => {
    const double = await world.double({ baseModelName: 'late' });
    const serving = world.serving(double.url, { asksForBaseModelName: true });
    double.die();
    await expect(serving.baseModelName()).rejects.toMatchObject({ code: 'serving_failed' });
    await double.restart();
    expect(await serving.baseModelName()).toBe('late');
  });

  it('that the server has not got is named as the problem', async () => {
    const double = await world.double({ baseModelName: 'other' });
    const { ready, problem } = await world.serving(double.url, { baseModelName: 'mine' }).health();
    expect([ready, problem]).toEqual([false, expect.stringContaining('CLAAS_VLLM_MODEL')]);
  });
});

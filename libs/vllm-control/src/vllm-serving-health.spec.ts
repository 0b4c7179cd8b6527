import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { VllmWorld } from './testing/vllm-world.js';

let world: VllmWorld;
beforeAll(async () => {
  world = await VllmWorld.create();
});
afterEach(() => world.closeServers());
afterAll(() => world.close());

describe('a server’s health', () => {
  it('tells release, sleep and models', async () => {
    const double = await world.double({ release: '0.20', apiKey: 'secret' });
    const health = await world.serving(double.url, { apiKey: 'secret' }).health();
    expect(health).toMatchObject({ ready: true, problem: null });
    expect(health.details).toMatchObject({ version: '0.20.2', sleeping: false, models: 1, published: 0 });
  });

  it.each([
    ['a wrong key', { apiKey: 'other' }, /VLLM_API_KEY/],
    ['another model', { apiKey: 'secret', baseModelName: 'other' }, /--served-model-name other/],
    ['a wrong address', { baseUrl: 'http://127.0.0.1:9' }, /VLLM_BASE_URL/],
  ])('says what to do about %s', async (_, options, words) => {
    const double = await world.double({ apiKey: 'secret' });
    const health = await world.serving(double.url, options).health();
    expect(health.ready).toBe(false);
    expect(health.problem).toMatch(words);
  });

  it('is unready when its engine is dead', async () => {
    const double = await world.double({ release: '0.15' });
    double.faults.set('health', { kind: 'fail', status: 503, body: '' });
    expect((await world.serving(double.url).health()).ready).toBe(false);
  });
});

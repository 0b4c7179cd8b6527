import { parseAdapterId } from '@claas/contracts';
import type { AdapterSource, ServedModel } from '@claas/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { RELEASES } from './testing/tested-servers.js';
import { initialVersion, trainVersion } from './testing/train-version.js';
import type { Trained } from './testing/train-version.js';
import { VllmWorld } from './testing/vllm-world.js';

let world: VllmWorld;
let trained: Trained;
let model: ServedModel;

beforeAll(async () => {
  world = await VllmWorld.create();
  const parent = await initialVersion(world.trainer, world.root, 'user/model');
  trained = await trainVersion(world.trainer, world.root, 'user/model', { parent });
  model = { kind: 'adapter', loraId: parent.loraId };
}, 120_000);
afterEach(() => world.closeServers());
afterAll(() => world.close());

const base: ServedModel = { kind: 'base' };
const question = { prompt: { kind: 'text' as const, text: 'The capital of' }, completion: { text: ' France' } };

describe('versions at the server', () => {
  it('are loaded beside the one that answers, which goes when the new one is verified', async () => {
    const double = await world.double();
    const serving = world.serving(double.url);
    await serving.publish(trained.parent);
    await serving.publish(trained.source);
    expect(double.adapters.map(({ path }) => path)).toEqual([trained.parent.directory, trained.source.directory]);
    const { promptTokenIds, responseTokenIds } = trained.result.rollout;
    const logprobs = trained.result.responseLogprobs;
    await serving.verify(trained.source, { promptTokenIds, responseTokenIds, logprobs });
    await serving.settled();
    expect(double.adapters.map(({ path }) => path)).toEqual([trained.source.directory]);
  });

  it('go back to the one before without loading it again', async () => {
    const double = await world.double();
    const serving = world.serving(double.url);
    for (const version of [trained.parent, trained.source, trained.parent]) await serving.publish(version);
    expect(double.orders()).toEqual(['load', 'load']);
    expect(serving.published()).toEqual([{ loraId: trained.parent.loraId, version: 0 }]);
  });

  it('have names of their own for each adapter, version and files, and are never loaded in place', async () => {
    const double = await world.double();
    const serving = world.serving(double.url);
    for (const id of ['a/b', 'a-b', 'a_b']) {
      await serving.publish({ ...trained.parent, loraId: parseAdapterId(id) });
    }
    await serving.publish({ ...trained.source, loraId: parseAdapterId('a/b'), version: 0 });
    const loads = double.calls.filter(({ call }) => call === 'load').map(({ body }) => body as Record<string, unknown>);
    expect(new Set(loads.map(({ lora_name }) => lora_name)).size).toBe(4);
    expect(loads.map(({ lora_name }) => String(lora_name).split('.')[0])).toEqual([
      'a~b@v0',
      'a-b@v0',
      'a_b@v0',
      'a~b@v0',
    ]);
    for (const load of loads) expect(load['load_inplace']).toBeUndefined();
  });

  it('that another process left behind go with the next publication; those of other adapters stay', async () => {
    const double = await world.double();
    const other = { ...trained.parent, loraId: parseAdapterId('user/model2') };
    const before = world.serving(double.url);
    await before.publish(trained.parent);
    await before.publish(other);
    const after = world.serving(double.url);
    await after.publish(trained.source);
    await after.settled();
    expect(double.adapters.map(({ path }) => path)).toEqual([other.directory, trained.source.directory]);
  });

  it('are found loaded by a second process, which loads nothing', async () => {
    const double = await world.double();
    await world.serving(double.url).publish(trained.source);
    const second = world.serving(double.url);
    await second.publish(trained.source);
    expect(double.orders()).toEqual(['load']);
    expect((await second.score(model, question)).logprobs).toHaveLength(1);
  });

  it('stay for the requests that began with them', async () => {
    const double = await world.double();
    const serving = world.serving(double.url);
    await serving.publish(trained.parent);
    const request = await serving.begin(model);
    for (const version of [trained.source, { ...trained.source, version: 2 }]) await serving.publish(version);
    await serving.settled();
    expect(double.adapters.map(({ name }) => name)).toContain(request.modelName);
    request.end();
    request.end();
    await serving.settled();
    expect(double.adapters.map(({ name }) => name)).not.toContain(request.modelName);
    expect(serving.gate.running).toBe(0);
  });

  it('stay a while longer where several processes publish', async () => {
    const double = await world.double();
    const serving = world.serving(double.url, { retainMs: 3_000 });
    for (const version of [0, 1, 2]) await serving.publish({ ...trained.source, version });
    expect(double.adapters).toHaveLength(3);
    await vi.waitFor(
      () => {
        expect(double.adapters).toHaveLength(2);
      },
      { timeout: 20_000 },
    );
  });

  it('are found where the server sees their directory', async () => {
    const double = await world.double();
    const mapping = { from: `${world.root}/seen/here`, to: world.root };
    const serving = world.serving(double.url, { adapterDirectoryMapping: mapping });
    const inside: AdapterSource = {
      ...trained.source,
      directory: trained.source.directory.replace(world.root, mapping.from),
    };
    await serving.publish(inside);
    expect(double.adapters[0]?.path).toBe(trained.source.directory);
    await expect(serving.publish(trained.source)).rejects.toThrow(/outside/);
  });

  it.each(RELEASES)('that vLLM %s can’t load are refused, and the one before goes on answering', async (release) => {
    const double = await world.double({ release, maxLoraRank: 8 });
    const serving = world.serving(double.url);
    await serving.publish(trained.parent);
    const before = await serving.score(model, question);
    await expect(serving.publish({ ...trained.source, directory: `${world.root}/nothing` })).rejects.toMatchObject({
      code: 'serving_failed',
      message: expect.stringContaining('No adapter found'),
    });
    expect(await serving.score(model, question)).toEqual(before);
    const tooSmall = await world.double({ release, maxLoraRank: 4 });
    await expect(world.serving(tooSmall.url).publish(trained.source)).rejects.toThrow(/rank 8 is greater/);
  });

  it('are loaded again after the server was started anew', async () => {
    const double = await world.double();
    const serving = world.serving(double.url);
    await serving.publish(trained.source);
    const before = await serving.score(model, question);
    await double.restart();
    expect(await serving.score(model, question)).toEqual(before);
    const request = await serving.begin(model);
    await double.restart();
    await request.recover();
    expect(double.adapters.map(({ name }) => name)).toEqual([request.modelName]);
    request.end();
  });
});

describe('a server that sleeps', () => {
  it('gets no request: they wait here, and are answered when it wakes', async () => {
    const double = await world.double({ release: '0.15' });
    const serving = world.serving(double.url);
    await serving.drain({ timeoutMs: 1_000 });
    await serving.release({ level: 1 });
    const waiting = [1, 2, 3].map(() => serving.score(base, question));
    await vi.waitFor(
      () => {
        expect(serving.gate.waiting).toBe(3);
      },
      { timeout: 20_000 },
    );
    expect(double.calls.some(({ call }) => call === 'completions')).toBe(false);
    await serving.restore();
    expect(await Promise.all(waiting)).toHaveLength(3);
  });

  it('is not waited for without end', async () => {
    const double = await world.double();
    const serving = world.serving(double.url, { timeouts: { asleepMs: 30 } });
    await serving.release({ level: 1 });
    const refused = { code: 'service_overloaded', details: { retry_after_s: 1 } };
    await expect(serving.generate(base, { prompt: question.prompt, sampling: SAMPLING })).rejects.toMatchObject(
      refused,
    );
    await expect(serving.publish(trained.source)).rejects.toMatchObject(refused);
  });

  it('is not put to sleep under requests that others sent', async () => {
    const double = await world.double();
    const serving = world.serving(double.url);
    const stranger = world.serving(double.url);
    let begun: () => void = () => undefined;
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    const running = stranger.generate(
      base,
      { prompt: question.prompt, sampling: { ...SAMPLING, maxTokens: 300, temperature: 1.5 } },
      {
        onToken: () => {
          begun();
        },
      },
    );
    await hasBegun;
    await expect(serving.drain({ timeoutMs: 1 })).rejects.toMatchObject({ code: 'serving_not_idle' });
    expect(serving.gate.isOpen).toBe(true);
    await running;
    await serving.drain({ timeoutMs: 5_000 });
    expect(double.runningRequests).toBe(0);
  });

  it('without its developer’s mode says what it has to be started with', async () => {
    const double = await world.double({ devMode: false });
    const serving = world.serving(double.url);
    await expect(serving.release({ level: 1 })).rejects.toThrow(/VLLM_SERVER_DEV_MODE=1/);
    expect(await serving.health()).toMatchObject({
      ready: false,
      problem: expect.stringContaining('VLLM_SERVER_DEV_MODE'),
    });
  });

  it('wakes by itself in the end when an order to wake failed', async () => {
    const double = await world.double();
    const serving = world.serving(double.url, { timeouts: { wakeMs: 2_000 } });
    await serving.release({ level: 1 });
    double.faults.set('wake_up', { kind: 'hang' });
    await expect(serving.restore()).rejects.toMatchObject({ code: 'serving_failed' });
    double.faults.clear();
    expect((await serving.score(base, question)).logprobs).toHaveLength(1);
  });
});

const SAMPLING = { temperature: 0, topP: null, topK: null, seed: 1, maxTokens: 4, stop: [], topLogprobs: 0 };

describe('an answer', () => {
  const request = { prompt: question.prompt, sampling: SAMPLING };

  it('is not asked for twice once its first token was given out', async () => {
    const double = await world.double();
    const serving = world.serving(double.url);
    double.faults.set('completions', { kind: 'reset', when: 'after' });
    const texts: string[] = [];
    const answer = serving.generate(base, request, { onToken: ({ text }) => texts.push(text) });
    await expect(answer).rejects.toMatchObject({ code: 'serving_failed' });
    expect(texts).toHaveLength(1);
    expect(double.orders()).toEqual(['completions']);
  });

  it('is asked for again when the connection broke before', async () => {
    const double = await world.double();
    double.faults.set('completions', { kind: 'reset', times: 1 });
    const answer = await world.serving(double.url).generate(base, request);
    expect(answer.responseTokenIds.length).toBeGreaterThan(0);
    expect(double.orders()).toEqual(['completions', 'completions']);
  });

  it('that never comes is given up', async () => {
    const double = await world.double();
    double.faults.set('completions', { kind: 'hang' });
    const answer = world.serving(double.url, { timeouts: { tokenMs: 100 } }).generate(base, request);
    await expect(answer).rejects.toMatchObject({ code: 'serving_failed', details: { reason: 'timeout' } });
    expect(double.orders()).toEqual(['completions']);
  });

  it('leaves nothing to the server’s own defaults', async () => {
    const double = await world.double();
    const serving = world.serving(double.url, { defaultSampling: { temperature: 0.7, topP: 0.9, topK: 20 } });
    const sampling = { ...SAMPLING, temperature: null };
    const answer = await serving.generate(base, { prompt: question.prompt, sampling });
    expect(answer).toMatchObject({ temperature: 0.7, samplingLogprobsAreExact: false });
    expect(double.calls.at(-1)?.body).toMatchObject({
      temperature: 0.7,
      top_p: 0.9,
      top_k: 20,
      seed: 1,
      max_tokens: 4,
    });
  });
});

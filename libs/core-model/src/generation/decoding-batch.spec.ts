import { memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTensorBackend } from '@claas/tensor-backend';
import { GoldenModel } from '../__fixtures__/golden-model.js';
import { readAdapterFiles } from '../adapter-files/read-adapter-files.js';
import { LoraAdapter } from '../lora/lora-adapter.js';
import { ComputationCancelledError } from '../model/computation-errors.js';
import { LanguageModel } from '../model/language-model.js';
import { generate } from './generate.js';
import type { Generation } from './generate.js';
import type { TokenSampling } from './generate-tokens.js';

interface Chat {
  readonly adapter: LoraAdapter | null;
  readonly prompt: readonly number[];
  readonly seed: number;
  readonly maxTokens: number;
}

const prompt = (length: number, first: number) => Array.from({ length }, (_, t) => (t * 53 + first) % 250);

// One model with a norm of heads and one without, with and without a bias.
describe.each(['qwen3_untied_gqa4', 'llama_rope_llama3', 'qwen2_tied_bias'])('a decoding batch of %s', (name) => {
  let model: LanguageModel;
  let trained: LoraAdapter;
  let other: LoraAdapter;
  let chats: readonly Chat[];
  beforeAll(async () => {
    const golden = GoldenModel.of(name, 'f32');
    model = await LanguageModel.load(golden.directory, await createTensorBackend('wasm'));
    const files = await readAdapterFiles(golden.adapterDirectory(), model.config);
    trained = LoraAdapter.fromFiles(model.config, files);
    const stronger = new Map([...files.tensors].map(([key, t]) => [key, { ...t, data: t.data.map((x) => 1.5 * x) }]));
    other = LoraAdapter.fromFiles(model.config, { ...files, tensors: stronger });
    // Adapters out of order, prompts of different lengths, answers that end one after the other.
    chats = [
      { adapter: trained, prompt: prompt(9, 7), seed: 1, maxTokens: 30 },
      { adapter: null, prompt: prompt(1, 11), seed: 2, maxTokens: 12 },
      { adapter: other, prompt: prompt(70, 3), seed: 3, maxTokens: 21 },
      { adapter: trained, prompt: prompt(33, 5), seed: 4, maxTokens: 17 },
      { adapter: null, prompt: prompt(300, 2), seed: 5, maxTokens: 8 },
    ];
  });
  afterAll(() => {
    trained.dispose();
    other.dispose();
    model.dispose();
  });

  const sampling = ({ seed, maxTokens }: Chat): TokenSampling => ({
    temperature: 0.8,
    topP: 1,
    topK: 0,
    seed,
    maxTokens,
    stopTokenIds: [],
    topLogprobs: 3,
  });
  const answer = (chat: Chat): Promise<Generation> => generate(model, chat.adapter, chat.prompt, sampling(chat));

  it('gives each sequence the very tokens and log-probs that it has alone', async () => {
    const alone: Generation[] = [];
    for (const chat of chats) alone.push(await answer(chat));
    expect(await Promise.all(chats.map(answer))).toEqual(alone);
  });

  it('lets sequences join and leave at any token', async () => {
    const [first, ...later] = chats;
    const alone: Generation[] = [];
    for (const chat of chats) alone.push(await answer(chat));
    const joined: Promise<Generation>[] = [];
    let count = 0;
    const onToken = () => {
      // One more joins every third token, each while the others are in another place.
      const chat = count++ % 3 === 1 ? later[joined.length] : undefined;
      if (chat) joined.push(answer(chat));
    };
    const result = await generate(model, first!.adapter, first!.prompt, sampling(first!), { onToken });
    expect([result, ...(await Promise.all(joined))]).toEqual(alone);
  });

  it('reads the weights once for all sequences', async () => {
    const rows = vi.spyOn(model, 'headProduct');
    const same = Array.from({ length: 4 }, (_, i) => ({ ...chats[0]!, seed: i, maxTokens: 10 }));
    await Promise.all(same.map(answer));
    const shapes = rows.mock.calls.map(([hidden]) => hidden.shape[0]);
    rows.mockRestore();
    // Four prompts one after the other, then nine steps of all four.
    expect(shapes).toEqual([1, 1, 1, 1, ...new Array<number>(9).fill(4)]);
  });

  it('goes on without a sequence that is cancelled, and leaves no tensor', async () => {
    await Promise.all(chats.map(answer));
    const before = memory().numTensors;
    const [first, second] = chats as [Chat, Chat];
    const alone = await answer(first);
    const controller = new AbortController();
    let count = 0;
    const onToken = () => {
      if (++count === 4) controller.abort();
    };
    const cancelled = generate(model, second.adapter, second.prompt, sampling(second), {
      signal: controller.signal,
      onToken,
    });
    const [outcome, beside] = await Promise.allSettled([cancelled, answer(first)]);
    expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(ComputationCancelledError) });
    expect(beside).toEqual({ status: 'fulfilled', value: alone });
    expect(memory().numTensors).toBe(before);
  });

  it('tells every sequence of a step that fails, and takes new ones afterwards', async () => {
    const alone = await answer(chats[0]!);
    const failure = vi.spyOn(model, 'embed');
    let calls = 0;
    failure.mockImplementation((tokenIds) => {
      // The first two are the prompts.
      if (++calls > 2) throw new Error('out of memory');
      return LanguageModel.prototype.embed.call(model, tokenIds);
    });
    const outcomes = await Promise.allSettled([answer(chats[0]!), answer(chats[1]!)]);
    failure.mockRestore();
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'out of memory' } });
    }
    expect(await answer(chats[0]!)).toEqual(alone);
  });
});

import { memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTensorBackend } from '@claas/tensor-backend';
import { GoldenModel } from '../__fixtures__/golden-model.js';
import { readAdapterFiles } from '../adapter-files/read-adapter-files.js';
import { LoraAdapter } from '../lora/lora-adapter.js';
import { ComputationCancelledError, ContextTooLongError } from '../model/computation-errors.js';
import { hiddenStates } from '../model/forward-pass.js';
import { LanguageModel } from '../model/language-model.js';
import { scoreTokens } from '../scoring/score-tokens.js';
import { generate } from './generate.js';
import { generateTokens } from './generate-tokens.js';
import type { TokenSampling } from './generate-tokens.js';
import { SequenceDecoder } from './sequence-decoder.js';

const SAMPLING: TokenSampling = {
  temperature: 0.8,
  topP: 1,
  topK: 0,
  seed: 3,
  maxTokens: 40,
  stopTokenIds: [],
  topLogprobs: 0,
};

describe('generation', () => {
  let model: LanguageModel;
  let adapter: LoraAdapter;
  beforeAll(async () => {
    const golden = GoldenModel.of('llama_rope_llama3', 'f32');
    model = await LanguageModel.load(golden.directory, await createTensorBackend('wasm'));
    adapter = LoraAdapter.fromFiles(model.config, await readAdapterFiles(golden.adapterDirectory(), model.config));
  });
  afterAll(() => {
    adapter.dispose();
    model.dispose();
  });

  const prompt = (length: number) => Array.from({ length }, (_, t) => (t * 53 + 7) % 300);
  const ids = (tokens: readonly { readonly tokenId: number }[]) => tokens.map((token) => token.tokenId);

  it.each([1, 3, 31, 33, 62, 256, 257, 300])(
    'from a cache has the logits of a whole pass, after a prompt of %d tokens',
    async (length) => {
      const decoder = new SequenceDecoder(model, adapter);
      const sequence = prompt(length + 3);
      const cached = [await decoder.append(sequence.slice(0, length))];
      for (const tokenId of sequence.slice(length, length + 2)) cached.push(await decoder.append([tokenId]));
      decoder.dispose();
      const hidden = await hiddenStates(model, sequence, adapter, { from: length - 1 });
      const logits = model.headProduct(hidden);
      const whole = logits.arraySync();
      cached.forEach((row, t) => {
        row.forEach((value, v) => {
          expect(Math.abs(value - whole[t]![v]!)).toBeLessThan(1e-4);
        });
      });
      hidden.dispose();
      logits.dispose();
    },
  );

  it('goes on from a cache with several tokens at once, too', async () => {
    const decoder = new SequenceDecoder(model, adapter);
    const sequence = prompt(80);
    await decoder.append(sequence.slice(0, 30));
    for (const tokenId of sequence.slice(30, 35)) await decoder.append([tokenId]);
    const more = [await decoder.append(sequence.slice(35, 79)), await decoder.append(sequence.slice(79))];
    decoder.dispose();
    const hidden = await hiddenStates(model, sequence, adapter, { from: 78 });
    const logits = model.headProduct(hidden);
    logits.arraySync().forEach((row, t) => {
      row.forEach((value, v) => {
        expect(Math.abs(value - more[t]![v]!)).toBeLessThan(1e-4);
      });
    });
    hidden.dispose();
    logits.dispose();
  });

  it('gives the same tokens for the same seed and others for another', async () => {
    const first = await generate(model, adapter, prompt(9), SAMPLING);
    const second = await generate(model, adapter, prompt(9), SAMPLING);
    const other = await generate(model, adapter, prompt(9), { ...SAMPLING, seed: 4 });
    expect(second).toEqual(first);
    expect(first.tokens).toHaveLength(40);
    expect(ids(other.tokens)).not.toEqual(ids(first.tokens));
  });

  it('gives the same tokens alone and beside another generation, which takes turns with it', async () => {
    const alone = await generate(model, adapter, prompt(9), SAMPLING);
    const order: string[] = [];
    const [a, b] = await Promise.all([
      generate(model, adapter, prompt(9), SAMPLING, { onToken: () => order.push('a') }),
      generate(model, null, prompt(9), SAMPLING, { onToken: () => order.push('b') }),
    ]);
    expect(a).toEqual(alone);
    expect(ids(b.tokens)).not.toEqual(ids(a.tokens));
    const changes = order.filter((name, i) => i > 0 && name !== order[i - 1]).length;
    expect(changes).toBeGreaterThan(60);
  });

  it('reports the log-probs that scoring gives', async () => {
    const { tokens } = await generate(model, adapter, prompt(9), SAMPLING);
    const scored = await scoreTokens(model, adapter, prompt(9), ids(tokens));
    tokens.forEach((token, t) => {
      expect(Math.abs(token.logprob - scored[t]!)).toBeLessThan(5e-5);
    });
  });

  it('ends with a stop token, which is part of the answer', async () => {
    const { tokens } = await generate(model, adapter, prompt(9), SAMPLING);
    const stop = tokens[5]!.tokenId;
    const ended = await generate(model, adapter, prompt(9), { ...SAMPLING, stopTokenIds: [stop] });
    expect(ended.finishReason).toBe('stop');
    expect(ids(ended.tokens)).toEqual(ids(tokens).slice(0, ids(tokens).indexOf(stop) + 1));
  });

  it('ends where the context ends', async () => {
    const { tokens, finishReason } = await generate(model, null, prompt(509), { ...SAMPLING, maxTokens: null });
    expect(tokens).toHaveLength(3);
    expect(finishReason).toBe('length');
    await expect(generate(model, null, prompt(512), SAMPLING)).rejects.toThrow(ContextTooLongError);
  });

  it('leaves no tensor when it ends, is left early, or is aborted', async () => {
    await generate(model, adapter, prompt(40), SAMPLING);
    const before = memory().numTensors;
    await generate(model, adapter, prompt(40), SAMPLING);
    expect(memory().numTensors).toBe(before);

    let count = 0;
    for await (const step of generateTokens(model, adapter, prompt(40), SAMPLING)) {
      expect(step.finishReason).toBeNull();
      if (++count === 3) break;
    }
    expect(memory().numTensors).toBe(before);

    const controller = new AbortController();
    const onToken = () => {
      if (++count === 6) controller.abort();
    };
    const aborted = generate(model, adapter, prompt(40), SAMPLING, { signal: controller.signal, onToken });
    await expect(aborted).rejects.toThrow(ComputationCancelledError);
    expect(count).toBe(6);
    expect(memory().numTensors).toBe(before);
  });

  it('is stopped by an abort in the middle of the prompt', async () => {
    const before = memory().numTensors;
    const controller = new AbortController();
    setImmediate(() => {
      controller.abort();
    });
    const aborted = generate(model, adapter, prompt(300), SAMPLING, { signal: controller.signal });
    await expect(aborted).rejects.toThrow(ComputationCancelledError);
    expect(memory().numTensors).toBe(before);
  });
});

import { memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SeededRandom } from '@claas/core-sdpo';
import { createTensorBackend } from '@claas/tensor-backend';
import { GoldenModel } from '../__fixtures__/golden-model.js';
import { readAdapterFiles } from '../adapter-files/read-adapter-files.js';
import { LoraAdapter } from '../lora/lora-adapter.js';
import { scoreTokens } from '../scoring/score-tokens.js';
import { ComputationCancelledError, ContextTooLongError, TokenIdsInvalidError } from './computation-errors.js';
import { hiddenStates } from './forward-pass.js';
import { LanguageModel } from './language-model.js';

describe('a pass without gradients', () => {
  let model: LanguageModel;
  let adapter: LoraAdapter;
  beforeAll(async () => {
    const golden = GoldenModel.of('qwen3_tied_headdim', 'bf16');
    model = await LanguageModel.load(golden.directory, await createTensorBackend('wasm'));
    adapter = LoraAdapter.fromFiles(model.config, await readAdapterFiles(golden.adapterDirectory(), model.config));
  });
  afterAll(() => {
    adapter.dispose();
    model.dispose();
  });

  const random = new SeededRandom(5, 'tokens');
  const tokens = (count: number) => Array.from({ length: count }, () => Math.floor(random.next() * 320));
  const hidden = async (ids: readonly number[], which: LoraAdapter | null, from = 0) => {
    const tensor = await hiddenStates(model, ids, which, { from });
    const values = tensor.arraySync();
    tensor.dispose();
    return values;
  };

  it('gives the same rows whatever length the sequence is padded to', async () => {
    const ids = tokens(70);
    const long = await hidden(ids, adapter);
    const short = await hidden(ids.slice(0, 31), adapter);
    // 31 tokens are padded to 32 and 70 to 96: products of other sizes may round differently.
    short.forEach((row, t) => {
      row.forEach((value, c) => {
        expect(Math.abs(value - long[t]![c]!)).toBeLessThan(2e-5);
      });
    });
  });

  it('gives only the rows that are asked for, bit for bit those of the whole', async () => {
    const ids = tokens(40);
    expect(await hidden(ids, adapter, 33)).toEqual((await hidden(ids, adapter)).slice(33));
  });

  it('without an adapter is bit for bit the base model, also after an adapter was used and beside an untrained one', async () => {
    const ids = tokens(20);
    const before = await hidden(ids, null);
    const withAdapter = await hidden(ids, adapter);
    const { targetModules } = adapter.shape;
    const untrained = LoraAdapter.initialise(model.config, { rank: 4, loraAlpha: 8, targetModules, seed: 1 });
    expect(withAdapter).not.toEqual(before);
    expect(await hidden(ids, null)).toEqual(before);
    expect(await hidden(ids, untrained)).toEqual(before);
    untrained.dispose();
  });

  it('lets the event loop run between layers', async () => {
    let turns = 0;
    let running = true;
    const count = () => {
      turns++;
      if (running) setImmediate(count);
    };
    setImmediate(count);
    await hidden(tokens(8), null);
    running = false;
    expect(turns).toBeGreaterThanOrEqual(model.config.layers);
  });

  it('stops when it is aborted and leaves no tensor', async () => {
    const ids = tokens(40);
    await hidden(ids, adapter);
    const before = memory().numTensors;
    const controller = new AbortController();
    const pass = hiddenStates(model, ids, adapter, { signal: controller.signal });
    setImmediate(() => {
      controller.abort();
    });
    await expect(pass).rejects.toThrow(ComputationCancelledError);
    expect(memory().numTensors).toBe(before);
  });

  it('refuses a sequence that is longer than the context, naming lengths and limit', async () => {
    const attempt = scoreTokens(model, null, tokens(500), tokens(13));
    await expect(attempt).rejects.toThrow(ContextTooLongError);
    await expect(attempt).rejects.toMatchObject({
      code: 'context_too_long',
      details: { prompt_tokens: 500, response_tokens: 13, context_length: 512 },
    });
    expect(await scoreTokens(model, null, tokens(500), tokens(12))).toHaveLength(12);
  });

  it('refuses token ids that are not of the vocabulary, and none at all', async () => {
    await expect(hidden([3, 320], null)).rejects.toThrow(TokenIdsInvalidError);
    await expect(hidden([3, -1], null)).rejects.toThrow(TokenIdsInvalidError);
    await expect(hidden([], null)).rejects.toThrow(TokenIdsInvalidError);
  });
});

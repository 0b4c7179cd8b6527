import { beforeAll, describe, expect, it } from 'vitest';
import type { TensorBackend } from '@claas/tensor-backend';
import { GoldenModel } from '../__fixtures__/golden-model.js';
import { readAdapterFiles } from '../adapter-files/read-adapter-files.js';
import { generate } from '../generation/generate.js';
import { LoraAdapter } from '../lora/lora-adapter.js';
import { SafetensorsFile } from '../safetensors/safetensors-file.js';
import { scoreTokens } from '../scoring/score-tokens.js';
import { hiddenStates } from './forward-pass.js';
import { LanguageModel } from './language-model.js';

/** Holds a backend in float32 to logits, log-probs and greedy continuations of PyTorch and transformers. */
export function goldenForwardContract(name: string, create: () => Promise<TensorBackend>): void {
  let backend: TensorBackend;
  beforeAll(async () => {
    backend = await create();
  });

  describe.each(GoldenModel.all)(`the forward pass of $name on ${name}`, (golden) => {
    let model: LanguageModel;
    let adapters: Readonly<Record<'base' | 'lora', LoraAdapter | null>>;
    let reference: SafetensorsFile;
    beforeAll(async () => {
      model = await LanguageModel.load(golden.directory, backend);
      const files = await readAdapterFiles(golden.adapterDirectory(), model.config);
      adapters = { base: null, lora: LoraAdapter.fromFiles(model.config, files) };
      reference = await SafetensorsFile.open(golden.path('golden_float64.safetensors'));
      return async () => {
        await reference.close();
        adapters.lora?.dispose();
        model.dispose();
      };
    });

    const { input_ids: inputs, tolerance } = golden.forward;

    describe.each(['base', 'lora'] as const)('with the %s weights', (kind) => {
      it.each(inputs.map((ids, index) => ({ ids, index })))(
        'gives the logits of input $index',
        async ({ ids, index }) => {
          const hidden = await hiddenStates(model, ids, adapters[kind]);
          const logits = model.headProduct(hidden);
          const expected = await reference.readFloat64(`logits_${kind}_${index}`);
          expect(logits.shape).toEqual([ids.length, model.config.vocabularySize]);
          expect(maxDifference(logits.dataSync<'float32'>(), expected)).toBeLessThanOrEqual(tolerance.logits_atol);
          hidden.dispose();
          logits.dispose();
        },
      );

      it.each(inputs.map((ids, index) => ({ ids, index })))(
        'scores the tokens of input $index',
        async ({ ids, index }) => {
          const logprobs = await scoreTokens(model, adapters[kind], ids.slice(0, 1), ids.slice(1));
          const expected = await reference.readFloat64(`logprobs_${kind}_${index}`);
          expect(logprobs).toHaveLength(expected.length);
          expect(maxDifference(logprobs, expected)).toBeLessThanOrEqual(tolerance.logprob_atol);
        },
      );
    });

    it('gives a row the same bits, however many are wanted', async () => {
      const ids = Array.from({ length: 75 }, (_, i) => (i * 37) % 200);
      const all = await hiddenStates(model, ids, adapters.lora);
      for (const from of [1, 35, 44, 70, 74]) {
        const rows = await hiddenStates(model, ids, adapters.lora, { from });
        expect(rows.dataSync()).toEqual(all.dataSync().subarray(from * model.config.hiddenSize));
        rows.dispose();
      }
      all.dispose();
    });

    const { cases, max_new_tokens: maxTokens, eos_token_id: eos } = golden.generation;

    it.each(cases.map((one, index) => ({ ...one, index })))(
      'continues prompt $index greedily as transformers does',
      async (one) => {
        const sampling = { temperature: 0, topP: 1, topK: 0, seed: 0, maxTokens, stopTokenIds: [eos], topLogprobs: 0 };
        const { tokens, finishReason } = await generate(
          model,
          adapters[one.adapter ? 'lora' : 'base'],
          one.prompt_ids,
          sampling,
        );
        expect(tokens.map((token) => token.tokenId)).toEqual(one.output_ids);
        expect(finishReason).toBe('length');
      },
    );
  });
}

function maxDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    // NaN, also from a missing value, compares as false and would pass.
    largest = difference <= largest ? largest : Number.isNaN(difference) ? Infinity : difference;
  }
  return largest;
}

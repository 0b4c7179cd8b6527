import { describe, expect, it } from 'vitest';
import { createTensorBackend } from '@claas/tensor-backend';
import { nativeRuntimeDirectory, readNativeRuntime } from '@claas/tensor-backend/native-runtime';
import { GoldenModel } from '../__fixtures__/golden-model.js';
import { readAdapterFiles } from '../adapter-files/read-adapter-files.js';
import { LoraAdapter } from '../lora/lora-adapter.js';
import { LanguageModel } from '../model/language-model.js';
import { SequenceDecoder } from './sequence-decoder.js';

const nativeRuntime = nativeRuntimeDirectory(process.env);
/** Where there is no native library these tests are reported as skipped. */
const isThere = readNativeRuntime(nativeRuntime).state === 'ready';
/** More than go through a layer at one stroke; some fill up a piece of their cache on the way. */
const PROMPTS = [9, 1, 70, 33, 29, 61].map((length, i) => Array.from({ length }, (_, t) => (t * 53 + i) % 250));
const TOKENS = [17, 42, 5, 200, 31, 8];
/**
 * How many rows a product has decides in which order the native library sums, so float32 differs in its last bits. bfloat16 rounds such a
 * difference to nothing or to one unit, 2⁻⁸ of a number; logits of these models are below 8, and the layers add some of those up.
 */
const TOLERANCES = { F32: 1e-4, BF16: 0.1 } as const;

describe.skipIf(!isThere)('a decoding batch on the native backend', () => {
  it.each(['F32', 'BF16'] as const)('gives each sequence the logits that it has alone, in %s', async (frozenFormat) => {
    const golden = GoldenModel.of('qwen3_untied_gqa4', 'bf16');
    const backend = await createTensorBackend('tensorflow', { nativeRuntime, frozenFormat });
    const model = await LanguageModel.load(golden.directory, backend);
    const files = await readAdapterFiles(golden.adapterDirectory(), model.config);
    const adapter = LoraAdapter.fromFiles(model.config, files);
    const decoders = () => PROMPTS.map((_, i) => new SequenceDecoder(model, i % 2 === 0 ? adapter : null));

    const alone: Float32Array[][] = [];
    for (const [i, decoder] of decoders().entries()) {
      await decoder.append(PROMPTS[i]!);
      const logits: Float32Array[] = [];
      for (const token of TOKENS) logits.push(await decoder.append([token]));
      alone.push(logits);
      decoder.dispose();
    }
    const together = decoders();
    await Promise.all(together.map((decoder, i) => decoder.append(PROMPTS[i]!)));
    for (const [t, token] of TOKENS.entries()) {
      const logits = await Promise.all(together.map((decoder) => decoder.append([token])));
      logits.forEach((row, i) => {
        expectClose(row, alone[i]![t]!, TOLERANCES[frozenFormat]);
      });
    }
    // Few enough for one stroke.
    const few = decoders().slice(2, 5);
    await Promise.all(few.map((decoder, i) => decoder.append(PROMPTS[i + 2]!)));
    for (const [t, token] of TOKENS.entries()) {
      const logits = await Promise.all(few.map((decoder) => decoder.append([token])));
      logits.forEach((row, i) => {
        expectClose(row, alone[i + 2]![t]!, TOLERANCES[frozenFormat]);
      });
    }
    for (const decoder of [...together, ...few]) decoder.dispose();
    adapter.dispose();
    model.dispose();
  });
});

function expectClose(actual: Float32Array, expected: Float32Array, tolerance: number): void {
  const worst = actual.reduce((most, value, v) => Math.max(most, Math.abs(value - expected[v]!)), 0);
  expect(actual.every(Number.isFinite)).toBe(true);
  expect(worst).toBeLessThan(tolerance);
}

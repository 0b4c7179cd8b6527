import { generate } from '@claas/core-model';
import type { LanguageModel, LoraAdapter } from '@claas/core-model';
import type { GenerationMeasurement } from '../contestant/messages.js';
import { commonGrowth } from './common-growth.js';
import { peakMemory } from './peak-memory.js';

/** Greedy answers of `newTokens` to all prompts at the same time, with one adapter. */
export async function measureGeneration(
  model: LanguageModel,
  adapter: LoraAdapter,
  prompts: readonly (readonly number[])[],
  newTokens: number,
): Promise<GenerationMeasurement> {
  const sampling = {
    temperature: 0,
    topP: 1,
    topK: 0,
    seed: 1,
    maxTokens: newTokens,
    stopTokenIds: [],
    topLogprobs: 0,
  };
  const start = performance.now();
  const times = await Promise.all(
    prompts.map(async (prompt) => {
      const ofTokens: number[] = [];
      await generate(model, adapter, prompt, sampling, { onToken: () => ofTokens.push(performance.now()) });
      return ofTokens;
    }),
  );
  const total = performance.now() - start;
  const { from, tokensPerSecond } = commonGrowth(times);
  return {
    total_ms: total,
    first_token_ms: from - start,
    tokens_per_second: tokensPerSecond,
    peak_bytes: peakMemory(),
  };
}

import { describe, expect, it } from 'vitest';
import type { GenerationDefaults } from '../config/generation-defaults.js';
import { resolveSampling } from './resolve-sampling.js';

const OPEN = { temperature: null, topP: null, topK: null, seed: null, maxTokens: null, stop: [], topLogprobs: 0 };
const SILENT: GenerationDefaults = { doSample: null, temperature: null, topK: null, topP: null, eosTokenIds: [] };
const RECOMMENDED: GenerationDefaults = { ...SILENT, doSample: true, temperature: 0.6, topK: 20, topP: 0.95 };

describe('sampling that a client left open', () => {
  it("is the model's", () => {
    expect(resolveSampling(OPEN, RECOMMENDED, [7])).toMatchObject({
      temperature: 0.6,
      topK: 20,
      topP: 0.95,
      maxTokens: null,
      stopTokenIds: [7],
    });
  });

  it('is temperature 1 over the whole vocabulary where the model says nothing', () => {
    expect(resolveSampling(OPEN, SILENT, [])).toMatchObject({ temperature: 1, topK: 0, topP: 1 });
  });

  it('is greedy where the model says that it is not to be sampled', () => {
    expect(resolveSampling(OPEN, { ...RECOMMENDED, doSample: false }, []).temperature).toBe(0);
  });

  it("gives way to the client's wishes, also to zeros", () => {
    const wishes = { ...OPEN, temperature: 0, topP: 0.5, topK: 0, seed: 0, maxTokens: 5 };
    expect(resolveSampling(wishes, RECOMMENDED, [])).toMatchObject({
      temperature: 0,
      topP: 0.5,
      topK: 0,
      seed: 0,
      maxTokens: 5,
    });
  });

  it('draws another seed each time', () => {
    const seeds = Array.from({ length: 5 }, () => resolveSampling(OPEN, SILENT, []).seed);
    expect(new Set(seeds).size).toBe(5);
    expect(seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0)).toBe(true);
  });
});

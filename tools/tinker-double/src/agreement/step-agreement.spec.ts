import type { DistillationTask, TrainingSettings } from '@claas/contracts';
import { createTensorBackend } from '@claas/tensor-backend';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgreementWorld, QUESTION } from './testing/agreement-world.js';
import type { StepInBoth } from './testing/agreement-world.js';

const V = 4096;
const MAX_REQUEST_BYTES = 5_000_000;
/** What float32 leaves of a step's update, both ways of computing it being right. */
const CLOSE = 1e-4;

let world: AgreementWorld;

beforeAll(async () => {
  world = await AgreementWorld.open(await createTensorBackend('wasm'));
});
afterAll(() => world.close());

async function both(
  loraAlpha: number,
  settings: Partial<TrainingSettings>,
  rollout: Partial<DistillationTask['rollout']> = {},
): Promise<StepInBoth> {
  const question = { ...QUESTION, rollout: { ...QUESTION.rollout, ...rollout } };
  return world.step(await world.newVersion(loraAlpha, 3), question, settings);
}

const relative = (a: number, b: number): number => Math.abs(a - b) / Math.abs(b);

describe('a step on a Tinker service with the whole vocabulary as support', () => {
  it('takes as many requests as a long response needs', async () => {
    const text = 'Paris is the capital of France, and it is a lively city in Europe. '.repeat(7);
    const { tinker, local, updateDifference } = await both(32, { steps: 1 }, { response: { text } });
    // Rows of 12 bytes a token of the vocabulary: those of the response alone are more than a request may have.
    expect(tinker.metrics.tokensProcessed * 12 * V).toBeGreaterThan(MAX_REQUEST_BYTES);
    expect(relative(tinker.metrics.totalLoss, local.metrics.totalLoss)).toBeLessThan(CLOSE);
    expect(updateDifference).toBeLessThan(CLOSE);
  });

  it.each([
    ['the default settings', 32, { steps: 1 }, {}],
    ['KL(T‖S), every token as top_k, two steps', 32, { alpha: 0, topK: V, steps: 2 }, {}],
    ['KL(S‖T), another lora_alpha than the service has', 16, { alpha: 1, steps: 2 }, {}],
    ['a strong KL to the base, clipped gradients', 64, { alpha: 0.3, klRegWeight: 1, maxGradNorm: 0.01, steps: 2 }, {}],
    ['a temperature', 32, { steps: 1 }, { temperature: 0.7 }],
  ] as const)('learns what a trainer on this machine learns: %s', async (_, loraAlpha, settings, rollout) => {
    const { tinker, local, updateDifference } = await both(loraAlpha, settings, rollout);
    const figures = {
      loss: relative(tinker.metrics.totalLoss, local.metrics.totalLoss),
      gapBefore: relative(tinker.receipt.gapBefore, local.receipt.gapBefore),
      gapAfter: relative(tinker.receipt.gapAfter, local.receipt.gapAfter),
      adapterChange: relative(tinker.receipt.adapterChange, local.receipt.adapterChange),
      gradNorm: relative(tinker.receipt.gradNorm!, local.receipt.gradNorm!),
    };
    for (const [name, figure] of Object.entries(figures)) expect(figure, name).toBeLessThan(CLOSE);
    expect(updateDifference).toBeLessThan(CLOSE);
    tinker.receipt.tokens.forEach(({ tokenId, text, signal }, t) => {
      const { tokenId: id, text: expected, signal: mine } = local.receipt.tokens[t]!;
      expect({ tokenId, text }).toEqual({ tokenId: id, text: expected });
      expect(signal).toBeCloseTo(mine, 4);
    });
  });
});

describe('a step on a Tinker service with top_k', () => {
  it('learns what a trainer on this machine learns with the same top_k', async () => {
    const { tinker, local, updateDifference } = await both(32, { topK: 20, steps: 1, klRegWeight: 0 });
    expect(relative(tinker.metrics.totalLoss, local.metrics.totalLoss)).toBeLessThan(CLOSE);
    expect(relative(tinker.receipt.gapBefore, local.receipt.gapBefore)).toBeLessThan(CLOSE);
    expect(relative(tinker.receipt.gradNorm!, local.receipt.gradNorm!)).toBeLessThan(CLOSE);
    expect(updateDifference).toBeLessThan(5 * CLOSE);
  });
});

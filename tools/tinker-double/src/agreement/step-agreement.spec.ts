import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DEFAULT_TRAINING_SETTINGS, LORA_MODULES, parseAdapterId } from '@claas/contracts';
import type { DistillationResult, DistillationTask, TrainingSettings } from '@claas/contracts';
import { TinkerDouble } from '@claas/contracts/testing/tinker';
import { LanguageModel, readAdapterFiles } from '@claas/core-model';
import { ChatTemplate, Tokenizer } from '@claas/core-model/text';
import { TextModel, TinkerConnection, TinkerEngine } from '@claas/engine-tinker';
import { createTensorBackend } from '@claas/tensor-backend';
import { distill } from '@claas/training';
import type { DistillationContext } from '@claas/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClayModel } from '../model/clay-model.js';
import { productDifference } from './update-difference.js';

const CLAY_TINY = resolve(import.meta.dirname, '../../../../models/clay-tiny/model');
const BASE_MODEL = 'clay-tiny';
const V = 4096;

let root: string;
let local: DistillationContext;
let double: TinkerDouble;
let engine: TinkerEngine;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'claas-agreement-'));
  const backend = await createTensorBackend('wasm');
  const tokenizer = await Tokenizer.load(CLAY_TINY);
  local = {
    model: await LanguageModel.load(CLAY_TINY, backend),
    tokenizer,
    template: await ChatTemplate.load(CLAY_TINY, tokenizer),
  };
  const model = await ClayModel.load(CLAY_TINY, BASE_MODEL, backend);
  double = await TinkerDouble.start({ model, stateDirectory: join(root, 'service'), apiKey: 'tml-x' });
  const connection = new TinkerConnection(
    { baseUrl: double.url, apiKey: 'tml-x', baseModel: BASE_MODEL, maxTopK: V },
    await TextModel.load(CLAY_TINY),
  );
  const versions = { checkpoints: () => Promise.resolve(new Set<string>()), withWeights: () => Promise.resolve(null) };
  engine = new TinkerEngine({ connection, versions, ledgerDirectory: join(root, 'ledger') });
}, 60_000);

afterAll(async () => {
  await engine.close();
  await double.close();
  await rm(root, { recursive: true });
});

const stage = (): Promise<string> => mkdtemp(join(root, 'version-'));

/** One task in both modes, from the same start. */
async function both(
  loraAlpha: number,
  settings: Partial<TrainingSettings>,
  rollout: Partial<DistillationTask['rollout']> = {},
): Promise<{
  readonly tinker: DistillationResult;
  readonly local: DistillationResult;
  /** ‖BA_tinker − BA_local‖ / ‖BA_local − BA_parent‖ over all modules. */
  readonly updateDifference: number;
}> {
  const parent = await stage();
  const shape = { baseModel: BASE_MODEL, rank: 8, loraAlpha, targetModules: LORA_MODULES };
  await engine.initAdapter({ ...shape, seed: 3, outputDirectory: parent });
  const task = async (): Promise<DistillationTask> => ({
    feedbackId: 'feedback-1',
    baseModel: BASE_MODEL,
    parent: { loraId: parseAdapterId('tests/agreement'), version: 0, directory: parent },
    outputDirectory: await stage(),
    feedback: "Don't use emojis.",
    rollout: {
      conversation: [{ role: 'user', content: 'What is the capital of France?' }],
      templateOptions: { enableThinking: null },
      promptTokenIds: null,
      response: { text: "It's Paris, the capital of France! 😀" },
      rolloutLogprobs: null,
      temperature: 1,
      ...rollout,
    },
    settings: { ...DEFAULT_TRAINING_SETTINGS, learningRate: 1e-3, steps: 2, ...settings },
  });
  const [there, here] = [await task(), await task()];
  const tinker = await engine.distill(there);
  const mine = await distill(local, here);
  const [before, theirs, ours] = await Promise.all(
    [parent, there.outputDirectory, here.outputDirectory].map((directory) =>
      readAdapterFiles(directory, local.model.config),
    ),
  );
  return {
    tinker,
    local: mine,
    updateDifference: productDifference(ours!, theirs!) / productDifference(ours!, before!),
  };
}

const relative = (a: number, b: number): number => Math.abs(a - b) / Math.abs(b);

/** What float32 leaves of a step's update, both ways of computing it being right. */
const CLOSE = 1e-4;
describe('a step on a Tinker service with the whole vocabulary as support', () => {
  it('takes as many requests as a long response needs', async () => {
    const text = 'Paris is the capital of France, and it is a lively city in Europe. '.repeat(5);
    const { tinker, local: mine, updateDifference } = await both(32, { steps: 1 }, { response: { text } });
    expect(relative(tinker.metrics.totalLoss, mine.metrics.totalLoss)).toBeLessThan(CLOSE);
    expect(updateDifference).toBeLessThan(CLOSE);
  });

  it.each([
    ['the default settings', 32, { steps: 1 }, {}],
    ['two steps', 32, {}, {}],
    ['KL(T‖S)', 32, { alpha: 0, steps: 1 }, {}],
    ['KL(T‖S), two steps', 32, { alpha: 0 }, {}],
    ['KL(S‖T)', 32, { alpha: 1 }, {}],
    ['every token as top_k', 32, { alpha: 0, topK: V }, {}],
    ['another lora_alpha than the service has', 16, {}, {}],
    ['a strong KL to the base, clipped gradients', 64, { alpha: 0.3, klRegWeight: 1, maxGradNorm: 0.01 }, {}],
    ['a temperature', 32, {}, { temperature: 0.7 }],
  ] as const)('learns what a trainer on this machine learns: %s', async (_, loraAlpha, settings, rollout) => {
    const { tinker, local: mine, updateDifference } = await both(loraAlpha, settings, rollout);
    const figures = {
      loss: relative(tinker.metrics.totalLoss, mine.metrics.totalLoss),
      gapBefore: relative(tinker.receipt.gapBefore, mine.receipt.gapBefore),
      gapAfter: relative(tinker.receipt.gapAfter, mine.receipt.gapAfter),
      adapterChange: relative(tinker.receipt.adapterChange, mine.receipt.adapterChange),
      gradNorm: relative(tinker.receipt.gradNorm!, mine.receipt.gradNorm!),
    };
    for (const [name, figure] of Object.entries(figures)) expect(figure, name).toBeLessThan(CLOSE);
    expect(updateDifference).toBeLessThan(CLOSE);
    tinker.receipt.tokens.forEach(({ tokenId, text, signal }, t) => {
      expect({ tokenId, text }).toEqual({
        tokenId: mine.receipt.tokens[t]!.tokenId,
        text: mine.receipt.tokens[t]!.text,
      });
      expect(signal).toBeCloseTo(mine.receipt.tokens[t]!.signal, 4);
    });
  });
});

describe('a step on a Tinker service with top_k', () => {
  it('learns what a trainer on this machine learns with the same top_k', async () => {
    const { tinker, local: mine, updateDifference } = await both(32, { topK: 20, steps: 1, klRegWeight: 0 });
    expect(relative(tinker.metrics.totalLoss, mine.metrics.totalLoss)).toBeLessThan(CLOSE);
    expect(relative(tinker.receipt.gapBefore, mine.receipt.gapBefore)).toBeLessThan(CLOSE);
    expect(relative(tinker.receipt.gradNorm!, mine.receipt.gradNorm!)).toBeLessThan(CLOSE);
    expect(updateDifference).toBeLessThan(5 * CLOSE);
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createTensorBackend } from '@claas/tensor-backend';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContestantCommands } from '../contestant/messages.js';
import { stepTokens } from '../contestant/step-tokens.js';
import { syntheticAdapter } from '../synthetic-model/synthetic-adapter.js';
import { syntheticModel } from '../synthetic-model/synthetic-model.js';
import { commandTable } from './command-table.js';

const SHAPE = {
  name: 'spec',
  hiddenSize: 32,
  intermediateSize: 48,
  layers: 2,
  attentionHeads: 4,
  keyValueHeads: 2,
  headDim: 8,
  vocabularySize: 64,
};

describe('the process that is measured', () => {
  let folder: string;
  let load: ContestantCommands['load']['params'];
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'claas-bench-'));
    const model = await syntheticModel(folder, SHAPE);
    load = { model, adapter: await syntheticAdapter(model, 4), checkpointing: true };
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  const step = {
    ...stepTokens(SHAPE, { promptTokens: 6, responseTokens: 5, feedbackTokens: 3, rank: 4 }),
    alpha: 0.5,
  };

  it('takes steps whose phases are the whole, and that learn', async () => {
    const commands = commandTable(createTensorBackend('wasm'));
    expect((await commands.load(load)).ms).toBeGreaterThan(0);
    const first = await commands.step(step);
    const parts = first.teacher_ms + first.forward_ms + first.backward_ms + first.update_ms;
    expect(parts).toBeCloseTo(first.total_ms, 6);
    for (const part of ['teacher_ms', 'forward_ms', 'backward_ms', 'update_ms'] as const) {
      expect(first[part]).toBeGreaterThan(0);
    }
    expect(first.grad_norm).toBeGreaterThan(0);
    let last = first;
    for (let i = 0; i < 5; i++) last = await commands.step(step);
    expect(last.loss).toBeLessThan(first.loss);
  });

  it('answers several prompts at the same time', async () => {
    const commands = commandTable(createTensorBackend('wasm'));
    await commands.load(load);
    const { total_ms, first_token_ms, tokens_per_second } = await commands.generate({
      prompts: [step.prompt, step.teacher],
      new_tokens: 6,
    });
    expect(tokens_per_second).toBeGreaterThan(0);
    expect(total_ms).toBeGreaterThan(first_token_ms);
  });

  it('measures plain products without a model, and nothing else', async () => {
    const commands = commandTable(createTensorBackend('wasm'));
    const { gflops, format } = await commands.limit({ repetitions: 1 });
    expect(gflops).toBeGreaterThan(0);
    expect(format).toBe('F32');
    await expect(async () => commands.step(step)).rejects.toThrow('no model was loaded');
  });
});

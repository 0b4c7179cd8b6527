import { readdir, readFile } from 'node:fs/promises';
import { memory } from '@tensorflow/tfjs-core';
import type { DistillationProgress, DistillationResult, DistillationTask } from '@claas/contracts';
import { LoraAdapter, readAdapterFiles, readOptimizerState, scoreTokens } from '@claas/core-model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AdapterFolder, ANSWER, distillationTask, loadClay } from '../testing/clay-tiny.js';
import { distill } from './distill.js';
import type { DistillationContext } from './distillation-context.js';

type Changes = Parameters<typeof distillationTask>[1];

let context: DistillationContext;
let folder: AdapterFolder;
let parent: string;

beforeAll(async () => {
  context = await loadClay();
  folder = await AdapterFolder.create();
  parent = await folder.untrained(context);
});

afterAll(async () => {
  context.model.dispose();
  await folder.remove();
});

async function task(changes: Changes = {}, from = parent): Promise<DistillationTask> {
  return distillationTask({ parent: from, output: await folder.empty() }, changes);
}

async function learn(changes: Changes = {}, from = parent): Promise<DistillationResult & { directory: string }> {
  const todo = await task(changes, from);
  return { ...(await distill(context, todo)), directory: todo.outputDirectory };
}

async function bytesOf(directory: string): Promise<Map<string, string>> {
  const names = (await readdir(directory)).sort();
  return new Map(await Promise.all(names.map(async (name) => [name, await base64(`${directory}/${name}`)] as const)));
}

async function base64(path: string): Promise<string> {
  return (await readFile(path)).toString('base64');
}

describe('one step on "Don\'t use emojis."', () => {
  let result: Awaited<ReturnType<typeof learn>>;
  beforeAll(async () => {
    result = await learn();
  });

  it('brings the student nearer to the same teacher', () => {
    const { receipt } = result;
    expect(receipt.gapBefore).toBeGreaterThan(0.01);
    expect(receipt.gapAfter).toBeLessThan(receipt.gapBefore);
    expect(receipt.gradNorm).toBeGreaterThan(0);
    expect(receipt.warnings).toEqual([]);
  });

  it('likes the emoji less than the words around it', () => {
    const { tokens } = result.receipt;
    const emoji = tokens.findIndex(({ text }) => text.includes('🌊'));
    expect(emoji).toBeGreaterThan(0);
    const least = tokens.reduce((a, b) => (a.signal < b.signal ? a : b));
    const signalOfEmoji = tokens.slice(emoji - 3, emoji + 1).reduce((sum, { signal }) => sum + signal, 0);
    expect(signalOfEmoji).toBeLessThan(-1);
    expect(least.signal).toBeLessThan(0);
  });

  it('gives each token its text, which joined are the response', () => {
    const { tokens } = result.receipt;
    expect(tokens.map(({ text }) => text).join('')).toBe(ANSWER);
    expect(tokens.map(({ tokenId }) => tokenId)).toEqual(result.rollout.responseTokenIds);
    expect(tokens.at(-1)).toMatchObject({ text: '' });
  });

  it('writes a version that gives the log-probs of the result', async () => {
    const { model } = context;
    const { promptTokenIds, responseTokenIds } = result.rollout;
    for (const [directory, expected] of [
      [result.directory, result.responseLogprobs],
      [parent, result.parentResponseLogprobs],
    ] as const) {
      const adapter = LoraAdapter.fromFiles(model.config, await readAdapterFiles(directory, model.config));
      const scored = await scoreTokens(model, adapter, promptTokenIds, responseTokenIds);
      adapter.dispose();
      expect(scored).toHaveLength(expected.length);
      scored.forEach((logprob, t) => {
        expect(Math.abs(logprob - expected[t]!)).toBeLessThan(1e-4);
      });
    }
    const sum = result.responseLogprobs.reduce((a, b) => a + b, 0);
    expect(result.receipt.responseLogprobAfter).toBeCloseTo(sum, 4);
  });

  it('measures how far the adapter moved', async () => {
    const { adapterChange, adapterChangeRelative } = result.receipt;
    const squared = await denseSquaredChange(result.directory);
    expect(Math.abs(adapterChange / Math.sqrt(squared) - 1)).toBeLessThan(1e-4);
    expect(adapterChangeRelative).toBeGreaterThan(1e-6);
    expect(adapterChangeRelative).toBeLessThan(0.1);
  });

  it('tells the numbers of the step', () => {
    const { metrics, receipt } = result;
    expect(metrics).toMatchObject({
      meanIsRatio: 1,
      clipFraction: 0,
      gradNorm: receipt.gradNorm,
      tokensProcessed: result.rollout.responseTokenIds.length,
      teacherMode: 'self',
      steps: 1,
    });
    // An untrained adapter is the base itself.
    expect(metrics.klReg).toBe(0);
    expect(metrics.distillLoss).toBe(receipt.gapBefore);
    expect(metrics.totalLoss).toBe(metrics.distillLoss);
  });

  it('gives the same bytes and the same result again', async () => {
    const { directory, ...again } = await learn();
    const { directory: first, ...expected } = result;
    expect(again).toEqual(expected);
    expect(await bytesOf(directory)).toEqual(await bytesOf(first));
    expect([...(await bytesOf(directory)).keys()]).toEqual([
      'adapter_config.json',
      'adapter_model.safetensors',
      'optimizer.safetensors',
    ]);
  });

  it('goes on from there with the optimizer state of the version that it continues', async () => {
    const second = await learn({}, result.directory);
    expect(second.receipt.gapBefore).toBeCloseTo(result.receipt.gapAfter, 6);
    expect(second.receipt.gapAfter).toBeLessThan(result.receipt.gapAfter);
    expect(second.metrics.klReg).toBeGreaterThan(0);

    const twoAtOnce = await learn({ settings: { steps: 2 } });
    expect(twoAtOnce.metrics.steps).toBe(2);
    expect(await bytesOf(twoAtOnce.directory)).toEqual(await bytesOf(second.directory));

    const files = await readAdapterFiles(second.directory, context.model.config);
    expect((await readOptimizerState(second.directory, files))?.stepCount).toBe(2);
  });
});

describe('settings', () => {
  it.each([
    ['alpha 0', { alpha: 0 }],
    ['alpha 1', { alpha: 1 }],
    ['the 20 likeliest tokens', { topK: 20 }],
    ['more tokens than there are', { topK: 1000 }],
    ['a weighty KL', { klRegWeight: 1 }],
  ])('%s: a step that learns', async (_, settings) => {
    const { receipt } = await learn({ settings });
    expect(receipt.gapAfter).toBeLessThan(receipt.gapBefore);
  });

  it('a KL of weight 0 is not measured', async () => {
    const { receipt, metrics } = await learn({ settings: { klRegWeight: 0 } });
    expect(receipt.klToBase).toBeNull();
    expect(metrics.klReg).toBe(0);
  });

  it('log-probs of sampling time weigh the tokens', async () => {
    const plain = await learn();
    // Twice as likely now as it was then.
    const rolloutLogprobs = plain.parentResponseLogprobs.map((logprob) => logprob - Math.LN2);
    const { metrics, receipt } = await learn({ rollout: { rolloutLogprobs } });
    expect(metrics.meanIsRatio).toBeCloseTo(2, 4);
    expect(metrics.distillLoss).toBeCloseTo(2 * receipt.gapBefore, 5);
  });

  it('temperature 0 counts as 1', async () => {
    const [greedy, sampled] = [await learn({ rollout: { temperature: 0 } }), await learn()];
    expect(greedy.receipt).toEqual(sampled.receipt);
  });

  it('another temperature changes the gap, but not what is compared with the server', async () => {
    const [hot, plain] = [await learn({ rollout: { temperature: 1.5 } }), await learn()];
    expect(hot.receipt.gapBefore).not.toBeCloseTo(plain.receipt.gapBefore, 4);
    expect(hot.receipt.responseLogprobBefore).not.toBeCloseTo(plain.receipt.responseLogprobBefore, 1);
    hot.parentResponseLogprobs.forEach((logprob, t) => {
      expect(logprob).toBeCloseTo(plain.parentResponseLogprobs[t]!, 4);
    });
  });
});

it('warns when a step went too far', async () => {
  const { receipt } = await learn({ settings: { learningRate: 0.3 } });
  expect(receipt.gapAfter).toBeGreaterThan(receipt.gapBefore);
  expect(receipt.warnings).toEqual([expect.stringContaining('gap_after > gap_before')]);
});

it('passes the warning of a cut feedback on', async () => {
  const { receipt } = await learn({ feedback: "Don't use emojis. ".repeat(400) });
  expect(receipt.warnings[0]).toMatch(/^The feedback was cut to its first \d+ of \d+ tokens/);
});

it('reports every phase once, in order, as a growing share of the whole', async () => {
  const progress: DistillationProgress[] = [];
  await distill(context, await task({ settings: { steps: 2 } }), { onProgress: (one) => progress.push(one) });
  expect(progress.map(({ phase }) => phase)).toEqual([
    ...['loading', 'teacher', 'forward', 'backward', 'update', 'forward', 'backward', 'update'],
    ...['measuring', 'saving', 'saving'],
  ]);
  const fractions = progress.map(({ fraction }) => fraction);
  expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  expect([fractions[0], fractions.at(-1)]).toEqual([0, 1]);
});

describe('a step that fails', () => {
  const refused = async (todo: DistillationTask, code: string, signal?: AbortSignal): Promise<void> => {
    const parentBefore = await bytesOf(todo.parent.directory);
    const before = memory().numTensors;
    await expect(distill(context, todo, { signal })).rejects.toThrow(
      expect.objectContaining({ name: 'ClaasError', code }),
    );
    expect(await readdir(todo.outputDirectory)).toEqual([]);
    expect(await bytesOf(todo.parent.directory)).toEqual(parentBefore);
    expect(memory().numTensors).toBe(before);
  };

  it('with numbers that overflow is refused and saves nothing', async () => {
    await refused(await task({ settings: { learningRate: 1e38 } }), 'step_not_finite');
    await refused(await task({ settings: { learningRate: 1e38, steps: 2 } }), 'step_not_finite');
  });

  it('is cancelled before, during and after the passes, and saves nothing', async () => {
    await refused(await task(), 'cancelled', AbortSignal.abort());
    for (const phase of ['loading', 'teacher', 'forward', 'backward', 'update', 'measuring'] as const) {
      const cancelling = new AbortController();
      const todo = await task();
      const onProgress = (progress: DistillationProgress): void => {
        if (progress.phase === phase) cancelling.abort();
      };
      const before = memory().numTensors;
      await expect(distill(context, todo, { signal: cancelling.signal, onProgress }), phase).rejects.toThrow(
        expect.objectContaining({ name: 'ClaasError', code: 'cancelled' }),
      );
      expect(await readdir(todo.outputDirectory), phase).toEqual([]);
      expect(memory().numTensors, phase).toBe(before);
    }
  });

  it('with a request that can not be learned names the reason', async () => {
    await refused(await task({ settings: { teacherMode: 'remote' } }), 'teacher_mode_unsupported');
    await refused(await task({ rollout: { response: { text: '' } } }), 'response_empty');
    await refused(await task({ rollout: { rolloutLogprobs: [-1] } }), 'rollout_logprobs_mismatch');
  });

  it('from an adapter of another model says so', async () => {
    await refused(await task({}, await folder.empty()), 'adapter_incompatible');
  });
});

it('holds no more tensors after many steps than after the first of each length', async () => {
  const round = async (): Promise<number> => {
    for (const i of [0, 5, 20]) await learn({ rollout: { response: { text: `${ANSWER} ${'Waves. '.repeat(i)}` } } });
    return memory().numTensors;
  };
  // The backend keeps a causal mask for every length that it has met.
  const first = await round();
  expect(await round()).toBe(first);
});

/** ‖scale·(B′A′ − BA)‖² entry by entry, in float64. */
async function denseSquaredChange(directory: string): Promise<number> {
  const [before, after] = await Promise.all(
    [parent, directory].map((path) => readAdapterFiles(path, context.model.config)),
  );
  let total = 0;
  for (const [key, A] of before!.tensors) {
    if (A.part !== 'A') continue;
    const keyOfB = key.replace('lora_A', 'lora_B');
    const factors = [before!, after!].map(
      ({ tensors }) => [tensors.get(keyOfB)!.data, tensors.get(key)!.data] as const,
    );
    const [R, I] = A.shape;
    const O = factors[0]![0].length / R;
    for (let o = 0; o < O; o++) {
      for (let i = 0; i < I; i++) {
        const [old, changed] = factors.map(([B, a]) => {
          let entry = 0;
          for (let r = 0; r < R; r++) entry += B[o * R + r]! * a[r * I + i]!;
          return entry;
        });
        total += (changed! - old!) ** 2;
      }
    }
  }
  const scale = before!.loraAlpha / before!.rank;
  return scale * scale * total;
}

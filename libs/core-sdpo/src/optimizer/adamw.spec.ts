import { memory, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { createTensorBackend } from '@claas/tensor-backend';
import { beforeAll, describe, expect, it } from 'vitest';
import { ADAMW_DEFAULTS, adamWInit, adamWUpdate } from './adamw.js';
import { globalNormClip } from './global-norm-clip.js';

const SETTINGS = { ...ADAMW_DEFAULTS, learningRate: 1e-2, maxGradNorm: 1 };

beforeAll(async () => {
  await createTensorBackend('wasm');
});

function read(tensors: readonly Tensor[]): number[][] {
  return tensors.map((tensor) => [...tensor.dataSync()]);
}

describe('adamWUpdate', () => {
  it('moves each parameter by the learning rate against its gradient in the first step, whatever the gradient is', () => {
    const parameters = [tensor1d([0, 0, 0])];
    const update = adamWUpdate(parameters, [tensor1d([1e-4, -0.5, 0])], adamWInit(parameters), SETTINGS);
    const [moved] = read(update.parameters);
    expect(moved![0]).toBeCloseTo(-0.01, 5);
    expect(moved![1]).toBeCloseTo(0.01, 5);
    expect(moved![2]).toBe(0);
  });

  it('shrinks parameters by learning rate times weight decay, apart from the gradient', () => {
    const parameters = [tensor1d([2])];
    const update = adamWUpdate(parameters, [tensor1d([0])], adamWInit(parameters), SETTINGS);
    expect(read(update.parameters)[0]![0]).toBeCloseTo(2 * (1 - 1e-2 * 0.01), 6);
  });

  it.each([NaN, Infinity, -Infinity, 1e30])(
    'takes no step with a gradient of %d, whose norm is not finite',
    (value) => {
      const parameters = [tensor1d([1, 2]), tensor2d([[3]])];
      const first = adamWUpdate(parameters, [tensor1d([1, 1]), tensor2d([[1]])], adamWInit(parameters), SETTINGS);
      const skipped = adamWUpdate(first.parameters, [tensor1d([1, value]), tensor2d([[1]])], first.state, SETTINGS);
      expect(skipped.isSkipped).toBe(true);
      expect(read(skipped.parameters)).toEqual(read(first.parameters));
      expect(skipped.state.step).toBe(1);
      expect(read(skipped.state.expAvg)).toEqual(read(first.state.expAvg));
      expect(read(skipped.state.expAvgSq)).toEqual(read(first.state.expAvgSq));
    },
  );

  it('changes none of its arguments, and its results are to be disposed, skipped or not', () => {
    const parameters = [tensor1d([1, 2])];
    const state = adamWInit(parameters);
    for (const gradient of [tensor1d([1, -1]), tensor1d([NaN, 1])]) {
      const before = memory().numTensors;
      const update = adamWUpdate(parameters, [gradient], state, SETTINGS);
      expect(read(parameters)).toEqual([[1, 2]]);
      expect(read(state.expAvg)).toEqual([[0, 0]]);
      for (const one of [...update.parameters, ...update.state.expAvg, ...update.state.expAvgSq]) one.dispose();
      expect(memory().numTensors - before).toBe(0);
      expect(read(parameters)).toEqual([[1, 2]]);
    }
  });
});

describe('globalNormClip', () => {
  it('scales all gradients together down to the bound, and never up', () => {
    const gradients = [tensor1d([3, 0]), tensor2d([[4]])];
    const clipped = globalNormClip(gradients, 1);
    expect(clipped.norm).toBe(5);
    expect(clipped.coefficient).toBeCloseTo(0.2, 6);
    expect(
      read(clipped.gradients)
        .flat()
        .map((value) => Number(value.toFixed(5))),
    ).toEqual([0.6, 0, 0.8]);
    const small = globalNormClip(gradients, 10);
    expect(small.coefficient).toBe(1);
    expect(read(small.gradients)).toEqual([[3, 0], [4]]);
  });

  it('keeps its precision over many entries', () => {
    const entries = Float32Array.from({ length: 1 << 20 }, (_, i) => Math.sin(i));
    const exact = Math.sqrt(entries.reduce((sum, value) => sum + value * value, 0));
    const { norm } = globalNormClip([tensor2d(entries, [1024, 1024])], 1);
    expect(Math.abs(norm / exact - 1)).toBeLessThan(1e-6);
  });
});

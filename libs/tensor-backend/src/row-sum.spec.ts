import { memory, tensor2d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createTensorBackend } from './create-tensor-backend.js';
import { rowSum } from './row-sum.js';

describe('rowSum', () => {
  beforeAll(async () => {
    await createTensorBackend('wasm');
  });

  // A square, a length with a divisor near its root, one without, a prime, and the smallest.
  it.each([4096, 151_936, 151_669, 9973, 7, 3, 1])('adds rows of %i numbers with hardly any rounding', (V) => {
    const values = Float32Array.from({ length: 2 * V }, (_, i) => 1 + Math.sin(i));
    const before = memory().numTensors;
    const x = tensor2d(values, [2, V]);
    const sums = rowSum(x);
    expect(sums.shape).toEqual([2, 1]);
    expect(memory().numTensors - before).toBe(2);
    [...sums.dataSync()].forEach((actual, row) => {
      const exact = values.subarray(row * V, (row + 1) * V).reduce((total, value) => total + value, 0);
      expect(Math.abs(actual / exact - 1)).toBeLessThan(1e-6);
    });
  });
});

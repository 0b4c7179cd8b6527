import { memory } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { CausalMasks } from './causal-mask.js';
import { initializeWasm } from './initialize-wasm.js';

describe('CausalMasks', () => {
  beforeAll(initializeWasm);

  it('lets each query see the keys up to its own position', () => {
    const mask = new CausalMasks().get(2, 1);
    expect(mask.arraySync().map((row) => row.map((value) => value === 0))).toEqual([
      [true, true, false],
      [true, true, true],
    ]);
  });

  it('makes a mask once and keeps a bounded number of them, those that were used last', () => {
    const masks = new CausalMasks();
    const before = memory().numTensors;
    const first = masks.get(2, 0);
    for (let T = 3; T < 100; T++) {
      masks.get(T, 0);
      expect(masks.get(2, 0)).toBe(first);
    }
    expect(memory().numTensors - before).toBe(16);
    expect(first.isDisposed).toBe(false);
  });
});

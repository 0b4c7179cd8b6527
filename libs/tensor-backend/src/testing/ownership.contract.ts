import { dispose, memory } from '@tensorflow/tfjs-core';
import type { TensorContainer } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { heads, matrix, unalignedWeight, vector } from './contract-subject.js';
import type { ContractSubject } from './contract-subject.js';
import { seededValues } from './oracle/plain-array.js';

/** Every operation leaves its results behind and nothing else, and disposes none of its arguments. */
export function ownershipContract(subject: () => ContractSubject): void {
  describe('ownership', () => {
    it('of tensors stays with the caller, and frozen matrices go when disposed', () => {
      // The first round may fill a backend's own bounded caches; the second must leave nothing behind.
      useEverything(subject());
      const before = memory().numTensors;
      useEverything(subject());
      expect(memory().numTensors - before).toBe(0);
    });
  });
}

const [N, C, O] = [4, 6, 8];
const [H, G, T, S] = [4, 2, 3, 5];

function useEverything({ backend }: ContractSubject): void {
  const frozen = backend.frozenMatrix([unalignedWeight(seededValues(O * C, 29), O)]);
  const [x, y, w] = [
    matrix(seededValues(N * C, 30), N),
    matrix(seededValues(N * C, 31), N),
    vector(seededValues(C, 32)),
  ];
  const dy = matrix(seededValues(N * O, 33), N);
  const [q, k, v] = [
    heads(seededValues(H * T * C, 34), H, T),
    heads(seededValues(G * S * C, 35), G, S),
    heads(seededValues(G * S * C, 36), G, S),
  ];
  const one = heads(seededValues(H * C, 41), H, 1);
  const [cos, sin] = [matrix(seededValues(T * C, 37), T), matrix(seededValues(T * C, 38), T)];
  const square = matrix(seededValues(N * N, 39), N);
  const { y: normalized, inverseRms } = backend.rmsNorm(x, w, 1e-6);
  const { output, saved } = backend.attention(q, k, v, 1);
  const compressed = backend.compress(x);
  const endMask = matrix(seededValues(S, 42), 1);
  const half = matrix(seededValues((N * C) / 2, 40), N);

  const operations: Record<string, () => TensorContainer> = {
    frozenProduct: () => backend.frozenProduct(x, frozen),
    frozenProductBackward: () => backend.frozenProductBackward(dy, frozen),
    frozenRows: () => backend.frozenRows(frozen, Int32Array.of(1, 2)),
    product: () => backend.product(square, dy),
    productTransposedRight: () => backend.productTransposedRight(x, y),
    productTransposedLeft: () => backend.productTransposedLeft(x, y),
    rmsNorm: () => ({ ...backend.rmsNorm(x, w, 1e-6) }),
    rmsNormBackward: () => backend.rmsNormBackward(y, x, w, inverseRms),
    splitHeads: () => backend.splitHeads(x, 2),
    mergeHeads: () => backend.mergeHeads([q, q]) as unknown as TensorContainer,
    rotate: () => backend.rotate(q, cos, sin),
    rotateBackward: () => backend.rotateBackward(q, cos, sin),
    attention: () => {
      const forward = backend.attention(q, k, v, 1);
      return [forward.output, ...forward.saved] as unknown as TensorContainer;
    },
    attentionOutput: () => backend.attentionOutput(H, v, saved) as unknown as TensorContainer,
    attentionOfOne: () => backend.attentionOfOne(one, [{ k, v }], null),
    'attentionOfOne in pieces': () =>
      backend.attentionOfOne(
        one,
        [
          { k, v },
          { k: v, v: k },
        ],
        endMask,
      ),
    attentionBackward: () => ({ ...backend.attentionBackward(output, q, k, v, saved) }),
    compress: () => backend.compress(x) as unknown as TensorContainer,
    restore: () => backend.restore(compressed),
    restoreRows: () => backend.restore(compressed, { from: 1, count: 2 }),
    concatRows: () => backend.concatRows([compressed, compressed]) as unknown as TensorContainer,
    sum: () => backend.sum(x, y),
    swiglu: () => backend.swiglu(x),
    swigluBackward: () => ({ ...backend.swigluBackward(half, x) }),
    logSoftmax: () => backend.logSoftmax(x),
  };
  for (const [name, operation] of Object.entries(operations)) {
    dispose(operation());
    const warm = memory().numTensors;
    const results = operation();
    dispose(results);
    expect(memory().numTensors, `tensors left by ${name}`).toBe(warm);
  }
  const operands = [
    x,
    y,
    w,
    dy,
    square,
    q,
    k,
    v,
    one,
    cos,
    sin,
    normalized,
    inverseRms,
    output,
    half,
    compressed,
    endMask,
    ...saved,
  ];
  expect(operands.filter((tensor) => tensor.isDisposed)).toEqual([]);
  frozen.dispose();
  for (const operand of operands) operand.dispose();
}

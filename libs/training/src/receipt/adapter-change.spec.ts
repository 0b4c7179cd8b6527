import { matMul, norm, sub, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { SeededRandom } from '@claas/core-sdpo';
import { createTensorBackend } from '@claas/tensor-backend';
import type { TensorBackend } from '@claas/tensor-backend';
import { beforeAll, expect, it } from 'vitest';
import { adapterChange } from './adapter-change.js';
import type { LoraFactors, LoraFactorsChange } from './adapter-change.js';

const [O, I, R] = [12, 9, 4];
let backend: TensorBackend;
beforeAll(async () => {
  backend = await createTensorBackend('wasm');
});

/** Values uniform in ±1, all from one seed. */
function factors(random: SeededRandom): { A: number[]; B: number[] } {
  const values = (length: number): number[] => Array.from({ length }, () => 2 * random.next() - 1);
  return { A: values(R * I), B: values(O * R) };
}

function tensors({ A, B }: { A: number[]; B: number[] }): LoraFactors {
  return { A: tensor2d(A, [R, I]), B: tensor2d(B, [O, R]) };
}

/** The definition: all entries of the difference of both products. */
function denseChange(modules: readonly LoraFactorsChange[], scale: number): number {
  const squares = modules.map(({ before, after }) =>
    tidy(() => norm(sub(matMul(after.B, after.A), matMul(before.B, before.A))).dataSync<'float32'>()[0]! ** 2),
  );
  return scale * Math.sqrt(squares.reduce((a, b) => a + b, 0));
}

it('is the Frobenius norm over all modules of the difference between the scaled products', async () => {
  const random = new SeededRandom(1, 'adapter change');
  const modules = Array.from({ length: 3 }, () => ({
    before: tensors(factors(random)),
    after: tensors(factors(random)),
  }));
  const change = await adapterChange(backend, modules, 2);
  expect(change).toBeCloseTo(denseChange(modules, 2), 4);
  expect(change).toBeGreaterThan(1);
});

it('is exactly 0 where nothing changed', async () => {
  const same = factors(new SeededRandom(2, 'same'));
  expect(await adapterChange(backend, [{ before: tensors(same), after: tensors(same) }], 2)).toBe(0);
});

it('keeps its precision for steps that are tiny beside the weights', async () => {
  const before = factors(new SeededRandom(3, 'tiny'));
  const after = { A: before.A, B: before.B.map((value, i) => (i === 5 ? value + 2 ** -16 : value)) };
  // One entry of B differs, so the change is that difference times one row of A.
  const row = before.A.slice(1 * I, 2 * I).map(Math.fround);
  const difference = Math.fround(after.B[5]!) - Math.fround(before.B[5]!);
  const expected = Math.abs(difference) * Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
  const change = await adapterChange(backend, [{ before: tensors(before), after: tensors(after) }], 1);
  expect(Math.abs(change / expected - 1)).toBeLessThan(1e-5);
});

import { memory, tensor2d, zeros } from '@tensorflow/tfjs-core';
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core';
import { createTensorBackend } from '@claas/tensor-backend';
import type { TensorBackend } from '@claas/tensor-backend';
import { beforeAll, describe, expect, it } from 'vitest';
import { loraBackward, loraForward } from './lora-linear.js';
import { SeededRandom } from './seeded-random.js';

const [N, I, O, R] = [5, 7, 6, 3];
const SCALING = 2;

let backend: TensorBackend;
beforeAll(async () => {
  backend = await createTensorBackend('wasm');
});

function values(name: string, rows: number, columns: number): number[][] {
  const random = new SeededRandom(7, name);
  return Array.from({ length: rows }, () => Array.from({ length: columns }, () => Math.fround(2 * random.next() - 1)));
}

const [x, a, b, dy] = [values('x', N, I), values('a', R, I), values('b', O, R), values('dy', N, O)];

/** scaling · B·(A·x), one output at a time in float64. */
function plainLora(xs: number[][], as: number[][], bs: number[][]): number[][] {
  const dot = (one: number[], other: number[]) => one.reduce((sum, value, i) => sum + value * other[i]!, 0);
  return xs.map((row) => {
    const projected = as.map((aRow) => dot(aRow, row));
    return bs.map((bRow) => SCALING * dot(bRow, projected));
  });
}

/** Central differences of Σ dy·lora, with respect to `of`, which `evaluate` puts in its place. */
function finiteDifferences(of: number[][], evaluate: (at: number[][]) => number[][]): number[][] {
  const objective = (at: number[][]) =>
    evaluate(at).reduce((sum, row, n) => sum + row.reduce((part, value, o) => part + value * dy[n]![o]!, 0), 0);
  const moved = (i: number, j: number, h: number) =>
    of.map((row, r) => row.map((v, c) => (r === i && c === j ? v + h : v)));
  return of.map((row, i) => row.map((_, j) => (objective(moved(i, j, 1e-4)) - objective(moved(i, j, -1e-4))) / 2e-4));
}

function expectClose(actual: Tensor2D, expected: number[][]): void {
  expect(actual.shape).toEqual([expected.length, expected[0]!.length]);
  const flat = actual.dataSync();
  expected.flat().forEach((value, i) => {
    expect(Math.abs(flat[i]! - value)).toBeLessThan(5e-6);
  });
}

describe('a LoRA pair', () => {
  it('adds scaling · B(Ax)', () => {
    const { addend } = loraForward(backend, tensor2d(x), { a: tensor2d(a), b: tensor2d(b) }, SCALING);
    expectClose(addend, plainLora(x, a, b));
  });

  it('passes gradients to its input and to both of its matrices', () => {
    const pair = { a: tensor2d(a), b: tensor2d(b) };
    const { projected } = loraForward(backend, tensor2d(x), pair, SCALING);
    const { dx, da, db } = loraBackward(backend, tensor2d(dy), tensor2d(x), projected, pair, SCALING);
    expectClose(
      dx,
      finiteDifferences(x, (at) => plainLora(at, a, b)),
    );
    expectClose(
      da,
      finiteDifferences(a, (at) => plainLora(x, at, b)),
    );
    expectClose(
      db,
      finiteDifferences(b, (at) => plainLora(x, a, at)),
    );
  });

  it('changes nothing while B is zero, and only B has a gradient then', () => {
    const pair = { a: tensor2d(a), b: zeros<Rank.R2>([O, R]) };
    const { addend, projected } = loraForward(backend, tensor2d(x), pair, SCALING);
    const { dx, da, db } = loraBackward(backend, tensor2d(dy), tensor2d(x), projected, pair, SCALING);
    for (const zero of [addend, dx, da]) expect(zero.dataSync().every((value) => value === 0)).toBe(true);
    expect(db.dataSync().some((value) => value !== 0)).toBe(true);
  });

  it('leaves its results behind and nothing else', () => {
    const [xs, dys, pair] = [tensor2d(x), tensor2d(dy), { a: tensor2d(a), b: tensor2d(b) }];
    const before = memory().numTensors;
    const { projected } = loraForward(backend, xs, pair, SCALING);
    loraBackward(backend, dys, xs, projected, pair, SCALING);
    expect(memory().numTensors - before).toBe(2 + 3);
  });
});

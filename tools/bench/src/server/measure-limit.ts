import { randomUniform, slice } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { CompressedMatrix, TensorBackend } from '@claas/tensor-backend';
import type { LimitMeasurement } from '../contestant/messages.js';

type ProductSize = readonly [M: number, K: number, N: number];

/** (M, K)·(K, N): as many rows as a step has positions, and as many as processors like best. */
const SIZES: readonly ProductSize[] = [
  [256, 4096, 12_288],
  [1024, 4096, 4096],
];
/** The same on wasm, which would take seconds for each of those. */
const WASM_SIZES: readonly ProductSize[] = [
  [256, 1024, 1024],
  [512, 512, 512],
];
const PRODUCTS_IN_A_ROW = 3;
const SEED = 3;

/** The fastest of some plain products of two matrices in the backend's short format, each as it is and with the right one transposed. */
export async function measureLimit(backend: TensorBackend, repetitions: number): Promise<LimitMeasurement> {
  let best = 0;
  for (const [M, K, N] of backend.description.name === 'wasm' ? WASM_SIZES : SIZES) {
    const a = compressed(backend, [M, K]);
    for (const [shape, product] of [
      [[K, N], (b: CompressedMatrix) => backend.product(a, b)],
      [[N, K], (b: CompressedMatrix) => backend.productTransposedRight(a, b)],
    ] as const) {
      const b = compressed(backend, shape);
      for (let i = 0; i < repetitions; i++) {
        best = Math.max(best, (2 * M * K * N) / (await productMilliseconds(backend, () => product(b))) / 1e6);
      }
      b.dispose();
    }
    a.dispose();
  }
  return { gflops: best, format: backend.description.frozenFormat };
}

function compressed(backend: TensorBackend, [rows, columns]: readonly [number, number]): CompressedMatrix {
  const values: Tensor2D = randomUniform([rows, columns], -1, 1, 'float32', SEED);
  const matrix = backend.compress(values);
  values.dispose();
  return matrix;
}

/** Of one product: a few in a row, without what it takes to know that they have finished. */
async function productMilliseconds(backend: TensorBackend, product: () => CompressedMatrix): Promise<number> {
  const start = performance.now();
  for (let i = 1; i < PRODUCTS_IN_A_ROW; i++) product().dispose();
  const last = product();
  await waitFor(backend, last);
  const finished = performance.now();
  await waitFor(backend, last);
  const waiting = performance.now() - finished;
  last.dispose();
  return (finished - start - waiting) / PRODUCTS_IN_A_ROW;
}

/** Reads one number back: a GPU is only then known to have finished. */
async function waitFor(backend: TensorBackend, result: CompressedMatrix): Promise<void> {
  const wide = backend.restore(result);
  const corner = slice(wide, [0, 0], [1, 1]);
  await corner.data();
  wide.dispose();
  corner.dispose();
}

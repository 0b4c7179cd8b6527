import { tensor1d, tensor2d, tensor3d } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import type { TensorBackend, WeightBytes } from '../tensor-backend.js';
import type { PlainArray } from './oracle/plain-array.js';

/** What the suite needs to know of a backend that it holds to the contract. */
export interface ContractSubject {
  /** Ready to be used once the suite's hooks have run. */
  readonly backend: TensorBackend;
  /** Largest error of an operation in float32, relative to the largest value of the result. */
  readonly tolerance: number;
  /** The same where a backend may use a shorter format: products with frozen weights, compressed matrices, attention. */
  readonly shortTolerance: number;
}

export function vector(values: PlainArray): Tensor1D {
  return tensor1d(Float32Array.from(values));
}

export function matrix(values: PlainArray, rows: number): Tensor2D {
  return tensor2d(Float32Array.from(values), [rows, values.length / rows]);
}

export function heads(values: PlainArray, H: number, T: number): Tensor3D {
  return tensor3d(Float32Array.from(values), [H, T, values.length / (H * T)]);
}

/** Float32 bytes at an offset that no typed array could be laid over. */
export function unalignedWeight(values: PlainArray, rows: number): WeightBytes {
  const bytes = new Uint8Array(values.length * 4 + 3);
  bytes.set(new Uint8Array(Float32Array.from(values).buffer), 3);
  return { bytes: bytes.subarray(3), format: 'F32', shape: [rows, values.length / rows] };
}

/** Equal in shape, finite, and everywhere within `tolerance` times the largest expected magnitude (at least 1). */
export function expectClose(actual: Tensor, expected: PlainArray, tolerance: number): void {
  const values = actual.dataSync();
  expect(values).toHaveLength(expected.length);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  let worst = 0;
  values.forEach((value, i) => {
    const error = Math.abs(value - expected[i]!);
    // Written so that NaN counts as the worst of all errors.
    if (!(error <= worst)) worst = error;
  });
  expect(worst / scale, 'largest error relative to the largest value').toBeLessThanOrEqual(tolerance);
}

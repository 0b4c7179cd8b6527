import { add, dispose, ones, tensor3d, zeros } from '@tensorflow/tfjs-core';
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core';
import { describe, expect, it, vi } from 'vitest';
import { createTensorBackend } from '../create-tensor-backend.js';
import { nativeRuntimeDirectory, readNativeRuntime } from '../native-runtime/index.js';
import type { Matrix } from '../tensor-backend.js';
import { skippedTensorBackend, tensorBackendContract } from '../testing/index.js';

const nativeRuntime = nativeRuntimeDirectory(process.env);
const found = readNativeRuntime(nativeRuntime);

/**
 * Rounding to bfloat16 is off by at most u = 2⁻⁹ of the number. Two roundings of operands and one of the result make 3·u of the largest value for a single product
 * whose terms do not cancel; four leave room for terms that do. Sums are float32 inside a product, so its length adds nothing.
 */
const BFLOAT16_TOLERANCE = 4 * 2 ** -9;

if (found.state !== 'ready') {
  skippedTensorBackend('tensorflow', found.reason);
} else {
  tensorBackendContract({
    name: 'tensorflow in float32',
    create: () => createTensorBackend('tensorflow', { nativeRuntime, frozenFormat: 'F32' }),
  });
  it('attends over many blocks of queries', async () => {
    const backend = await createTensorBackend('tensorflow', { nativeRuntime, frozenFormat: 'F32' });
    const T = 4500;
    const none = zeros<Rank.R3>([1, T, 2]);
    const ramp = tensor3d(
      Array.from({ length: 2 * T }, (_, i) => (i % 2 === 0 ? i / 2 : 1)),
      [1, T, 2],
    );
    // All scores are equal, so that each position has the mean of what it sees; thousands of terms are added up in float32.
    const { output, saved } = backend.attention(none, none, ramp, 0);
    // In float32 nothing is shorter, so that a compressed matrix is a tensor as any other.
    const plain = output as Matrix as Tensor2D;
    const values = plain.dataSync();
    for (let t = 0; t < T; t++) {
      expect(Math.abs(values[2 * t]! / (t / 2 || 1) - (t > 0 ? 1 : 0))).toBeLessThan(1e-4);
      expect(Math.abs(values[2 * t + 1]! - 1)).toBeLessThan(1e-4);
    }
    dispose([none, ramp, plain, ...(saved as Tensor2D[])]);
  });
  describe('compiled computations', () => {
    const backend = createTensorBackend('tensorflow', { nativeRuntime, frozenFormat: 'F32' });

    it('refuse data that is not among their inputs: it would stay that of the first run', async () => {
      const forgotten = ones<Rank.R2>([200, 100]);
      const x = ones<Rank.R2>([200, 100]);
      const compute = async () => (await backend).compiled('forgetful', { x }, (given) => add(given.x, forgotten));
      await expect(compute).rejects.toThrow(/20000 numbers.*not among the inputs/);
      dispose([forgotten, x]);
    });

    it('are right also where no file can be written, which TensorFlow would read the graph from', async () => {
      const x = ones<Rank.R1>([7]);
      vi.stubEnv('TMPDIR', '/nowhere');
      try {
        for (let i = 0; i < 2; i++) {
          const thrice = (await backend).compiled('thrice', { x }, (given) => add(given.x, add(given.x, given.x)));
          expect([...thrice.dataSync()]).toEqual(new Array(7).fill(3));
          thrice.dispose();
        }
      } finally {
        vi.unstubAllEnvs();
      }
      x.dispose();
    });

    it('stay right when there are more of them than are kept', async () => {
      const lengths = [...Array.from({ length: 150 }, (_, i) => i + 1), 1, 2, 150];
      for (const length of lengths) {
        const x = ones<Rank.R1>([length]);
        const twice = (await backend).compiled('twice', { x }, (given) => add(given.x, given.x));
        expect([...twice.dataSync()]).toEqual(new Array(length).fill(2));
        dispose([x, twice]);
      }
    });
  });

  tensorBackendContract({
    name: 'tensorflow in bfloat16',
    create: () => createTensorBackend('tensorflow', { nativeRuntime, frozenFormat: 'BF16' }),
    shortTolerance: BFLOAT16_TOLERANCE,
  });
}

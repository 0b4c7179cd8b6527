import { describe, expect, it } from 'vitest';
import type { WeightFormat } from '../tensor-backend.js';
import { expectClose, matrix, unalignedWeight } from './contract-subject.js';
import type { ContractSubject } from './contract-subject.js';
import { seededValues } from './oracle/plain-array.js';
import type { PlainArray } from './oracle/plain-array.js';
import { plainProduct, plainTranspose } from './oracle/plain-operations.js';

const [O, I] = [70, 33];

/** Frozen weights: loading from file bytes, and products with them. */
export function frozenMatrixContract(subject: () => ContractSubject): void {
  describe('frozen matrices', () => {
    const W = seededValues(O * I, 1);

    it.each([1, 2, 40])('multiply %i rows and pass gradients back', (N) => {
      const { backend, shortTolerance } = subject();
      const frozen = backend.frozenMatrix([unalignedWeight(W, O)]);
      const [x, dy] = [seededValues(N * I, 2), seededValues(N * O, 3)];
      expectClose(
        backend.frozenProduct(matrix(x, N), frozen),
        plainProduct(x, plainTranspose(W, O, I), N, I, O),
        shortTolerance,
      );
      expectClose(backend.frozenProductBackward(matrix(dy, N), frozen), plainProduct(dy, W, N, O, I), shortTolerance);
      frozen.dispose();
    });

    it('tell their shape and squared norm', () => {
      const frozen = subject().backend.frozenMatrix([unalignedWeight(W, O)]);
      expect([frozen.rows, frozen.columns]).toEqual([O, I]);
      const squaredNorm = W.reduce((sum, value) => sum + value * value, 0);
      expect(Math.abs(frozen.squaredNorm / squaredNorm - 1)).toBeLessThan(1e-6);
      frozen.dispose();
    });

    it.each<WeightFormat>(['F32', 'F16', 'BF16'])('read %s', (format) => {
      const { backend } = subject();
      const frozen = backend.frozenMatrix([{ bytes: encode(W, format), format, shape: [O, I] }]);
      expect([...everyRow(subject(), frozen)]).toEqual([...W]);
      frozen.dispose();
    });

    it('keep every finite BF16 number, subnormals and signed zeros included', () => {
      const patterns = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((bits) => (bits & 0x7f80) !== 0x7f80);
      const frozen = subject().backend.frozenMatrix([
        { bytes: new Uint8Array(patterns.buffer), format: 'BF16', shape: [patterns.length / 256, 256] },
      ]);
      const bits = new Uint32Array(Float32Array.from(everyRow(subject(), frozen)).buffer);
      expect(bits.findIndex((word, i) => word !== (patterns[i]! << 16) >>> 0)).toBe(-1);
      frozen.dispose();
    });

    it('stack weights of different formats by rows, as one product', () => {
      const { backend, shortTolerance } = subject();
      const stacked = backend.frozenMatrix([
        { bytes: encode(W.subarray(0, 20 * I), 'BF16'), format: 'BF16', shape: [20, I] },
        { bytes: encode(W.subarray(20 * I, 21 * I), 'F32'), format: 'F32', shape: [1, I] },
        { bytes: encode(W.subarray(21 * I), 'F16'), format: 'F16', shape: [O - 21, I] },
      ]);
      const x = seededValues(3 * I, 2);
      expect([stacked.rows, stacked.columns]).toEqual([O, I]);
      expectClose(
        backend.frozenProduct(matrix(x, 3), stacked),
        plainProduct(x, plainTranspose(W, O, I), 3, I, O),
        shortTolerance,
      );
      stacked.dispose();
    });

    it('give rows by number, in any order and repeatedly', () => {
      const { backend } = subject();
      const frozen = backend.frozenMatrix([unalignedWeight(W, O)]);
      const numbers = [O - 1, 0, 5, 5];
      const rows = backend.frozenRows(frozen, Int32Array.from(numbers));
      expect(rows.shape).toEqual([4, I]);
      expect([...rows.dataSync()]).toEqual(numbers.flatMap((row) => [...W.subarray(row * I, (row + 1) * I)]));
      frozen.dispose();
    });

    it('refuse rows that are not there, bytes that do not fit the shape, and stacks of unequal width', () => {
      const { backend } = subject();
      const frozen = backend.frozenMatrix([unalignedWeight(W, O)]);
      expect(() => backend.frozenRows(frozen, Int32Array.of(O))).toThrow(RangeError);
      expect(() => backend.frozenRows(frozen, Int32Array.of(-1))).toThrow(RangeError);
      expect(() => backend.frozenMatrix([{ ...unalignedWeight(W, O), shape: [O + 1, I] }])).toThrow(/bytes/);
      expect(() => backend.frozenMatrix([unalignedWeight(W, O), unalignedWeight(W, I)])).toThrow(/columns/);
      expect(() => backend.frozenMatrix([])).toThrow(/at least one/);
      frozen.dispose();
    });
  });
}

function everyRow({ backend }: ContractSubject, frozen: ReturnType<ContractSubject['backend']['frozenMatrix']>) {
  return backend
    .frozenRows(
      frozen,
      Int32Array.from({ length: frozen.rows }, (_, row) => row),
    )
    .dataSync<'float32'>();
}

/** Values of few bits in any of the formats; the naive way, by looking for the pattern. */
function encode(values: PlainArray, format: WeightFormat): Uint8Array {
  if (format === 'F32') return new Uint8Array(Float32Array.from(values).buffer);
  const words = Uint16Array.from(values, (value) => (format === 'BF16' ? toBfloat16(value) : toFloat16(value)));
  return new Uint8Array(words.buffer);
}

function toBfloat16(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0]! >>> 16;
}

/** Normal numbers and zero only, which is all that seeded values are. */
function toFloat16(value: number): number {
  if (value === 0) return Object.is(value, -0) ? 0x8000 : 0;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  const fraction = Math.abs(value) / 2 ** exponent - 1;
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | (fraction * 1024);
}

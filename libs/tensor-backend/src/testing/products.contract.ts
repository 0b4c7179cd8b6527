import { describe, expect, it } from 'vitest';
import type { CompressedMatrix } from '../tensor-backend.js';
import { expectClose, matrix } from './contract-subject.js';
import type { ContractSubject } from './contract-subject.js';
import { seededValues } from './oracle/plain-array.js';
import type { PlainArray } from './oracle/plain-array.js';
import { plainProduct, plainTranspose } from './oracle/plain-operations.js';

/** Sizes on either side of whatever a backend decides by size. */
const SIZES = [
  { M: 1, K: 1, N: 1 },
  { M: 1, K: 64, N: 90 },
  { M: 3, K: 7, N: 200 },
  { M: 200, K: 7, N: 3 },
  { M: 50, K: 90, N: 4 },
  { M: 4, K: 200, N: 50 },
  { M: 65, K: 65, N: 65 },
];

/** Products of two trainable or transient matrices. */
export function productsContract(subject: () => ContractSubject): void {
  describe.each(SIZES)('products with M $M, K $K, N $N', ({ M, K, N }) => {
    const [a, b] = [seededValues(M * K, 4), seededValues(K * N, 5)];
    const expected = plainProduct(a, b, M, K, N);

    it('multiply', () => {
      const { backend, tolerance } = subject();
      expectClose(backend.product(matrix(a, M), matrix(b, K)), expected, tolerance);
    });

    it('multiply by a transposed right operand', () => {
      const { backend, tolerance } = subject();
      expectClose(
        backend.productTransposedRight(matrix(a, M), matrix(plainTranspose(b, K, N), N)),
        expected,
        tolerance,
      );
    });

    it('multiply a transposed left operand', () => {
      const { backend, tolerance } = subject();
      expectClose(backend.productTransposedLeft(matrix(plainTranspose(a, M, K), K), matrix(b, K)), expected, tolerance);
    });

    it('multiply compressed matrices', () => {
      const { backend, shortTolerance } = subject();
      const short = (values: PlainArray, rows: number) => backend.compress(matrix(values, rows));
      const expectProduct = (product: CompressedMatrix) => {
        expect(product.shape).toEqual([M, N]);
        expectClose(backend.restore(product), expected, shortTolerance);
      };
      expectProduct(backend.product(short(a, M), short(b, K)));
      expectProduct(backend.productTransposedRight(short(a, M), short(plainTranspose(b, K, N), N)));
      expectProduct(backend.productTransposedLeft(short(plainTranspose(a, M, K), K), short(b, K)));
    });
  });

  it('rows of a compressed matrix are restored alone and joined again', () => {
    const { backend, shortTolerance } = subject();
    const values = seededValues(40, 43);
    const whole = backend.compress(matrix(values, 8));
    const [first, rest] = [
      backend.restore(whole, { from: 0, count: 3 }),
      backend.restore(whole, { from: 3, count: 5 }),
    ];
    expectClose(first, values.subarray(0, 15), shortTolerance);
    expectClose(rest, values.subarray(15), shortTolerance);
    expectClose(backend.restore(backend.concatRows([whole])), values, shortTolerance);
    const joined = backend.concatRows([backend.compress(rest), backend.compress(first)]);
    expectClose(
      backend.restore(joined),
      Float64Array.of(...values.subarray(15), ...values.subarray(0, 15)),
      shortTolerance,
    );
  });

  it('sums are taken in either form', () => {
    const { backend, tolerance, shortTolerance } = subject();
    const [a, b] = [seededValues(35, 41), seededValues(35, 42)];
    const expected = a.map((value, i) => value + b[i]!);
    expectClose(backend.sum(matrix(a, 5), matrix(b, 5)), expected, tolerance);
    const compressed = backend.sum(backend.compress(matrix(a, 5)), backend.compress(matrix(b, 5)));
    expectClose(backend.restore(compressed), expected, shortTolerance);
  });
}

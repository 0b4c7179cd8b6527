import { gather, keep, matMul, tensor1d, tensor2d, tidy, transpose } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { FrozenMatrix, WeightBytes } from '../tensor-backend.js';
import { BYTES_PER_NUMBER, decodeWeights } from './decode-weights.js';

/** Rows decoded at a time: bounds what lives beside the finished matrix while it is built. */
const ROWS_PER_BLOCK = 512;
/** Side of the square that is transposed at a time, so that its reads and writes stay in the first-level cache. */
const TRANSPOSE_TILE = 32;

/**
 * Float32, stored once as Wᵀ (I, O). As the right operand of x·Wᵀ it is what the wasm backend packs once and then reads fastest,
 * also for a single row; as the left operand of (Wᵀ·dyᵀ)ᵀ = dy·W it needs neither a second copy nor a transposition.
 */
export class PortableFrozenMatrix implements FrozenMatrix {
  private constructor(
    readonly rows: number,
    readonly columns: number,
    readonly squaredNorm: number,
    /** (I, O) */
    readonly transposed: Tensor2D,
  ) {}

  /** @throws Error when a shape doesn't fit its bytes or the weights differ in columns. */
  static fromWeights(weights: readonly WeightBytes[]): PortableFrozenMatrix {
    const columns = weights[0]?.shape[1];
    if (columns === undefined) throw new Error('A frozen matrix needs at least one weight.');
    for (const weight of weights) assertShape(weight, columns);
    const rows = weights.reduce((sum, weight) => sum + weight.shape[0], 0);

    const transposed = new Float32Array(rows * columns);
    let firstRow = 0;
    let squaredNorm = 0;
    for (const weight of weights) {
      const bytesPerRow = columns * BYTES_PER_NUMBER[weight.format];
      for (let row = 0; row < weight.shape[0]; row += ROWS_PER_BLOCK) {
        const count = Math.min(ROWS_PER_BLOCK, weight.shape[0] - row);
        const block = decodeWeights(
          weight.bytes.subarray(row * bytesPerRow, (row + count) * bytesPerRow),
          weight.format,
        );
        squaredNorm += squaredSum(block);
        transposeBlock(block, count, columns, transposed, firstRow + row, rows);
      }
      firstRow += weight.shape[0];
    }
    return new PortableFrozenMatrix(rows, columns, squaredNorm, keep(tensor2d(transposed, [columns, rows])));
  }

  dispose(): void {
    this.transposed.dispose();
  }
}

/** x·Wᵀ — x (N, I) → (N, O) */
export function frozenProduct(x: Tensor2D, matrix: PortableFrozenMatrix): Tensor2D {
  return matMul(x, matrix.transposed);
}

/** dy·W — dy (N, O) → (N, I) */
export function frozenProductBackward(dy: Tensor2D, matrix: PortableFrozenMatrix): Tensor2D {
  return tidy(() => transpose(matMul(matrix.transposed, transpose(dy))));
}

/** Rows of W — (N, I) */
export function frozenRows(matrix: PortableFrozenMatrix, rows: Int32Array): Tensor2D {
  for (const row of rows) {
    // Checked here, since tfjs backends answer out-of-range indices with whatever lies in memory.
    if (row < 0 || row >= matrix.rows) throw new RangeError(`Row ${row} of a matrix with ${matrix.rows} rows.`);
  }
  return tidy(() => transpose(gather(matrix.transposed, tensor1d(rows, 'int32'), 1)));
}

function assertShape(weight: WeightBytes, columns: number): void {
  const [rows, width] = weight.shape;
  if (width !== columns) throw new Error(`Stacked weights differ in columns: ${width} and ${columns}.`);
  const expected = rows * width * BYTES_PER_NUMBER[weight.format];
  if (weight.bytes.byteLength !== expected) {
    throw new Error(
      `A ${weight.format} weight of shape [${rows}, ${width}] has ${expected} bytes, not ${weight.bytes.byteLength}.`,
    );
  }
}

function squaredSum(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!;
  return sum;
}

/** Writes `block` (count, columns) as columns firstColumn … of `target` (columns, stride). */
function transposeBlock(
  block: Float32Array,
  count: number,
  columns: number,
  target: Float32Array,
  firstColumn: number,
  stride: number,
): void {
  for (let row0 = 0; row0 < count; row0 += TRANSPOSE_TILE) {
    const rowEnd = Math.min(row0 + TRANSPOSE_TILE, count);
    for (let column0 = 0; column0 < columns; column0 += TRANSPOSE_TILE) {
      const columnEnd = Math.min(column0 + TRANSPOSE_TILE, columns);
      for (let column = column0; column < columnEnd; column++) {
        const to = column * stride + firstColumn;
        for (let row = row0; row < rowEnd; row++) target[to + row] = block[row * columns + column]!;
      }
    }
  }
}

import type { FrozenMatrix, WeightBytes, WeightFormat } from '../tensor-backend.js';
import type { NativeOperations } from './native-operations.js';
import { ElementType } from './tensorflow-binding.js';
import type { TensorHandle } from './tensorflow-binding.js';

const BYTES_PER_NUMBER: Readonly<Record<WeightFormat, number>> = { F32: 4, F16: 2, BF16: 2 };
const ELEMENT_TYPES: Readonly<Record<WeightFormat, ElementType>> = {
  F32: ElementType.float32,
  F16: ElementType.float16,
  BF16: ElementType.bfloat16,
};
/** Numbers widened to float32 at a time while the squared norm is computed. */
const NUMBERS_PER_BLOCK = 2 ** 22;

/** (O, I) as in the files, in the backend's frozen format; from bfloat16 bytes to a bfloat16 matrix without any conversion. */
export class NativeFrozenMatrix implements FrozenMatrix {
  private knownSquaredNorm: number | null = null;

  private constructor(
    private readonly operations: NativeOperations,
    readonly handle: TensorHandle,
    readonly rows: number,
    readonly columns: number,
  ) {}

  /** @throws Error when a shape doesn't fit its bytes or the weights differ in columns. */
  static fromWeights(
    operations: NativeOperations,
    weights: readonly WeightBytes[],
    format: ElementType,
  ): NativeFrozenMatrix {
    const columns = weights[0]?.shape[1];
    if (columns === undefined) throw new Error('A frozen matrix needs at least one weight.');
    for (const weight of weights) assertShape(weight, columns);
    const rows = weights.reduce((sum, weight) => sum + weight.shape[0], 0);
    const handle = operations.handle(() => {
      const parts = weights.map((weight) => operations.cast(uploaded(operations, weight), format));
      return parts.length === 1 ? parts[0]! : operations.concat(parts, 0);
    });
    return new NativeFrozenMatrix(operations, handle, rows, columns);
  }

  /** Computed when it is first asked for: it reads the whole matrix, in blocks of rows. */
  get squaredNorm(): number {
    this.knownSquaredNorm ??= this.computeSquaredNorm();
    return this.knownSquaredNorm;
  }

  dispose(): void {
    this.operations.delete(this.handle);
  }

  private computeSquaredNorm(): number {
    const { operations, rows, columns } = this;
    const rowsPerBlock = Math.max(1, Math.floor(NUMBERS_PER_BLOCK / columns));
    let sum = 0;
    for (let row = 0; row < rows; row += rowsPerBlock) {
      const count = Math.min(rowsPerBlock, rows - row);
      sum += operations.discard(() => {
        const block = operations.slice(this.handle, [row, 0], [count, columns]);
        const half = operations.halfSquaredNorm(operations.cast(block, ElementType.float32));
        return 2 * operations.read(half)[0]!;
      });
    }
    return sum;
  }
}

/** File bytes as a matrix of their own format: TensorFlow gets them as bytes and reads them as numbers. */
function uploaded(operations: NativeOperations, { bytes, format, shape }: WeightBytes): TensorHandle {
  const asBytes = operations.create([...shape, BYTES_PER_NUMBER[format]], ElementType.uint8, bytes);
  return operations.bitcast(asBytes, ELEMENT_TYPES[format]);
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

import { RawOperations } from './raw-operations.js';
import { ElementType } from './tensorflow-binding.js';
import type { TensorHandle } from './tensorflow-binding.js';

interface Transposition {
  readonly left?: boolean;
  readonly right?: boolean;
}

/** The operations that a transformer is made of, by their names in TensorFlow. Operands of two must have the same element type. */
export class NativeOperations extends RawOperations {
  /** The same numbers as another type, rounded to nearest; the handle itself if it has the type already. */
  cast(x: TensorHandle, to: ElementType): TensorHandle {
    if (x.dtype === to) return x;
    return this.run('Cast', [this.type('SrcT', x.dtype), this.type('DstT', to), this.flag('Truncate', false)], [x.id]);
  }

  /** The same bytes as another type. */
  bitcast(x: TensorHandle, to: ElementType): TensorHandle {
    return this.run('Bitcast', [this.type('T', x.dtype), this.type('type', to)], [x.id]);
  }

  add(a: TensorHandle, b: TensorHandle): TensorHandle {
    return this.binary('AddV2', a, b.id);
  }

  sub(a: TensorHandle, b: TensorHandle): TensorHandle {
    return this.binary('Sub', a, b.id);
  }

  mul(a: TensorHandle, b: TensorHandle): TensorHandle {
    return this.binary('Mul', a, b.id);
  }

  /** x float32 */
  addScalar(x: TensorHandle, value: number): TensorHandle {
    return this.binary('AddV2', x, this.constants.scalar(value));
  }

  /** value − x; x float32 */
  scalarSub(value: number, x: TensorHandle): TensorHandle {
    return this.run('Sub', [this.type('T', x.dtype)], [this.constants.scalar(value), x.id]);
  }

  /** x float32 */
  scale(x: TensorHandle, factor: number): TensorHandle {
    return this.binary('Mul', x, this.constants.scalar(factor));
  }

  /** One operand: `Square`, `Rsqrt`, `Sigmoid`, `Neg`, `Softmax`, `LogSoftmax` … */
  unary(name: string, x: TensorHandle): TensorHandle {
    return this.run(name, [this.type('T', x.dtype)], [x.id]);
  }

  /** Two operands of the same type, by name. */
  binary(name: string, a: TensorHandle, b: number): TensorHandle {
    return this.run(name, [this.type('T', a.dtype)], [a.id, b]);
  }

  /** `Sum` or `Mean` over the last axis, which stays with length 1. */
  reduceLast(name: 'Sum' | 'Mean', x: TensorHandle): TensorHandle {
    const attributes = [this.flag('keep_dims', true), this.type('T', x.dtype), this.type('Tidx', ElementType.int32)];
    return this.run(name, attributes, [x.id, this.constants.integer(-1)]);
  }

  /** (M, K)·(K, N), or with either operand transposed */
  matMul(a: TensorHandle, b: TensorHandle, { left = false, right = false }: Transposition = {}): TensorHandle {
    const attributes = [this.type('T', a.dtype), this.flag('transpose_a', left), this.flag('transpose_b', right)];
    return this.run('MatMul', attributes, [a.id, b.id]);
  }

  /** One product for each index of the first axis. */
  batchMatMul(a: TensorHandle, b: TensorHandle, { left = false, right = false }: Transposition = {}): TensorHandle {
    const attributes = [this.type('T', a.dtype), this.flag('adj_x', left), this.flag('adj_y', right)];
    return this.run('BatchMatMulV2', attributes, [a.id, b.id]);
  }

  reshape(x: TensorHandle, shape: readonly number[]): TensorHandle {
    const attributes = [this.type('T', x.dtype), this.type('Tshape', ElementType.int32)];
    return this.run('Reshape', attributes, [x.id, this.constants.integers(shape)]);
  }

  transpose(x: TensorHandle, permutation: readonly number[]): TensorHandle {
    const attributes = [this.type('T', x.dtype), this.type('Tperm', ElementType.int32)];
    return this.run('Transpose', attributes, [x.id, this.constants.integers(permutation)]);
  }

  slice(x: TensorHandle, begin: readonly number[], size: readonly number[]): TensorHandle {
    const inputs = [x.id, this.constants.integers(begin), this.constants.integers(size)];
    return this.run('Slice', [this.type('T', x.dtype), this.type('Index', ElementType.int32)], inputs);
  }

  concat(parts: readonly TensorHandle[], axis: number): TensorHandle {
    const attributes = [
      this.integer('N', parts.length),
      this.type('T', parts[0]!.dtype),
      this.type('Tidx', ElementType.int32),
    ];
    return this.run('ConcatV2', attributes, [...parts.map(({ id }) => id), this.constants.integer(axis)]);
  }

  /** `concat` of any number of parts: TensorFlow refuses to join a single one. */
  joined(parts: readonly TensorHandle[], axis: number): TensorHandle {
    return parts.length === 1 ? parts[0]! : this.concat(parts, axis);
  }

  /** Zeros behind the end of an axis. */
  padEnd(x: TensorHandle, axis: number, count: number): TensorHandle {
    const attributes = [this.type('T', x.dtype), this.type('Tpaddings', ElementType.int32)];
    const paddings = this.constants.matrix(x.shape.map((_, i) => [0, i === axis ? count : 0]));
    return this.run('Pad', attributes, [x.id, paddings]);
  }

  /** Equal parts along an axis. */
  split(x: TensorHandle, axis: number, parts: number): TensorHandle[] {
    const attributes = [this.integer('num_split', parts), this.type('T', x.dtype)];
    return this.runMany('Split', attributes, [this.constants.integer(axis), x.id], parts);
  }

  /** The last axis moved on by `shift`, its end coming round to the front. */
  rollLast(x: TensorHandle, shift: number): TensorHandle {
    const attributes = [
      this.type('T', x.dtype),
      this.type('Tshift', ElementType.int32),
      this.type('Taxis', ElementType.int32),
    ];
    const axis = x.shape.length - 1;
    return this.run('Roll', attributes, [x.id, this.constants.integer(shift), this.constants.integer(axis)]);
  }

  /** 0, 1, … count − 1 — (count) float32 */
  range(count: number): TensorHandle {
    const { constants } = this;
    const limits = [constants.scalar(0), constants.scalar(count), constants.scalar(1)];
    return this.run('Range', [this.type('Tidx', ElementType.float32)], limits);
  }

  /** Rows by number — indices (n) int32 */
  gatherRows(x: TensorHandle, indices: TensorHandle): TensorHandle {
    const attributes = [
      this.integer('batch_dims', 0),
      this.type('Tparams', x.dtype),
      this.type('Tindices', ElementType.int32),
      this.type('Taxis', ElementType.int32),
    ];
    return this.run('GatherV2', attributes, [x.id, indices.id, this.constants.integer(0)]);
  }

  /** Σ x² / 2 — () */
  halfSquaredNorm(x: TensorHandle): TensorHandle {
    return this.unary('L2Loss', x);
  }
}

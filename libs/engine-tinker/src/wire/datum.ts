import { create } from '@bufbuild/protobuf';
import { bytesOf, int64Bytes } from './numbers.js';
import { DatumSchema, DType, TensorSchema } from './tinker_public_pb.js';
import type { Datum, Tensor } from './tinker_public_pb.js';

/**
 * One sequence whose rows from `firstRow` on have K targets each, with a weight; earlier rows have none. Row i is about the
 * token after token i. N = firstRow + targets.length / K.
 */
export interface TargetRows {
  /** (N) */
  readonly tokenIds: readonly number[];
  readonly firstRow: number;
  readonly K: number;
  /** (N − firstRow)·K, row by row */
  readonly targets: Int32Array;
  /** Of the same length. */
  readonly weights: Float32Array;
}

/** N rows, of which those from `firstRow` on have K targets. */
export type DatumShape = Readonly<Record<'N' | 'firstRow' | 'K', number>>;

const DENSE_BYTES = 8 + 4;
const SPARSE_BYTES = 8 + 4 + 2 * 8;

/** Bytes of a datum, as it is sent. */
export function datumBytes(shape: DatumShape, maxBytes: number): number {
  return 4 * shape.N + (isDense(shape, maxBytes) ? denseBytes(shape) : sparseBytes(shape));
}

export function shapeOf({ tokenIds, firstRow, K }: TargetRows): DatumShape {
  return { N: tokenIds.length, firstRow, K };
}

/** Dense where that fits, since every server reads it, or is smaller; else by rows (CSR), where the empty rows of the prompt cost nothing. */
export function toDatum(rows: TargetRows, maxBytes: number): Datum {
  const { tokenIds, targets, weights } = rows;
  const tensor = isDense(shapeOf(rows), maxBytes) ? denseTensor : sparseTensor;
  return create(DatumSchema, {
    modelInput: [{ chunk: { case: 'encodedText', value: { tokens: bytesOf(Int32Array.from(tokenIds)) } } }],
    lossFnInputs: {
      target_tokens: tensor(rows, targets, DType.DTYPE_INT64),
      weights: tensor(rows, weights, DType.DTYPE_FLOAT32),
    },
  });
}

function denseBytes({ N, K }: DatumShape): number {
  return N * K * DENSE_BYTES;
}

function sparseBytes({ N, firstRow, K }: DatumShape): number {
  return (N - firstRow) * K * SPARSE_BYTES + 2 * 8 * (N + 1);
}

function isDense(shape: DatumShape, maxBytes: number): boolean {
  return denseBytes(shape) <= Math.max(maxBytes / 2, sparseBytes(shape));
}

function denseTensor({ tokenIds, firstRow, K }: TargetRows, values: Int32Array | Float32Array, dtype: DType): Tensor {
  const before = firstRow * K;
  const all =
    values instanceof Float32Array ? new Float32Array(tokenIds.length * K) : new Int32Array(tokenIds.length * K);
  all.set(values, before);
  return create(TensorSchema, {
    data: { case: 'dense', value: valueBytes(all) },
    dtype,
    shape: [BigInt(tokenIds.length), BigInt(K)],
  });
}

function sparseTensor({ tokenIds, firstRow, K }: TargetRows, values: Int32Array | Float32Array, dtype: DType): Tensor {
  const N = tokenIds.length;
  const rowStarts = Array.from({ length: N + 1 }, (_, row) => Math.max(0, row - firstRow) * K);
  return create(TensorSchema, {
    data: {
      case: 'sparseCsr',
      value: {
        values: valueBytes(values),
        crowIndices: int64Bytes(rowStarts),
        colIndices: int64Bytes(Array.from(values, (_, i) => i % K)),
      },
    },
    dtype,
    shape: [BigInt(N), BigInt(K)],
  });
}

function valueBytes(values: Int32Array | Float32Array): Uint8Array<ArrayBuffer> {
  return values instanceof Float32Array ? bytesOf(Float32Array.from(values)) : int64Bytes(values);
}

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

const DENSE_BYTES = 8 + 4;
const SPARSE_BYTES = 8 + 4 + 2 * 8;

/** Bytes of a datum's tensors, as they are sent. */
export function datumBytes(rows: TargetRows, maxBytes: number): number {
  const sparse = rows.targets.length * SPARSE_BYTES + 2 * 8 * (rows.tokenIds.length + 1);
  return isDense(rows, maxBytes) ? denseBytes(rows) : sparse;
}

/** Dense where that fits, since every server reads it; else by rows (CSR), where the empty rows of the prompt cost nothing. */
export function toDatum(rows: TargetRows, maxBytes: number): Datum {
  const { tokenIds, targets, weights } = rows;
  const tensor = isDense(rows, maxBytes) ? denseTensor : sparseTensor;
  return create(DatumSchema, {
    modelInput: [{ chunk: { case: 'encodedText', value: { tokens: bytesOf(Int32Array.from(tokenIds)) } } }],
    lossFnInputs: {
      target_tokens: tensor(rows, targets, DType.DTYPE_INT64),
      weights: tensor(rows, weights, DType.DTYPE_FLOAT32),
    },
  });
}

function denseBytes({ tokenIds, K }: TargetRows): number {
  return tokenIds.length * K * DENSE_BYTES;
}

function isDense(rows: TargetRows, maxBytes: number): boolean {
  return denseBytes(rows) <= maxBytes / 2;
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

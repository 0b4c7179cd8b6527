import { ClaasError } from '@claas/contracts';
import { DType } from './tinker_public_pb.js';

/** The wire is little-endian, as are all machines that Node runs on. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

export function int64Bytes(values: Iterable<number>): Uint8Array<ArrayBuffer> {
  return bytesOf(BigInt64Array.from(values, BigInt));
}

export function int32Of(bytes: Uint8Array): Int32Array {
  return new Int32Array(copied(bytes));
}

export function int64Of(bytes: Uint8Array): number[] {
  return Array.from(new BigInt64Array(copied(bytes)), Number);
}

/** float32, or bfloat16, which is the upper half of it. @throws ClaasError `trainer_protocol` */
export function floatsOf(bytes: Uint8Array, dtype: DType): Float32Array {
  if (dtype === DType.DTYPE_FLOAT32) return new Float32Array(copied(bytes));
  if (dtype === DType.DTYPE_BFLOAT16) {
    const halves = new Uint16Array(copied(bytes));
    return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
  }
  throw new ClaasError('trainer_protocol', `The Tinker service sent log-probs of dtype ${DType[dtype]}.`, { dtype });
}

/** Typed arrays need an address that is a multiple of their elements' size. */
function copied(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

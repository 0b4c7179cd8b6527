import type { WeightFormat } from '../tensor-backend.js';

/** Bytes of one number in a file. */
export const BYTES_PER_NUMBER: Readonly<Record<WeightFormat, number>> = { F32: 4, F16: 2, BF16: 2 };

/**
 * Little-endian file bytes as float32, exactly: every F16 and BF16 number, subnormals, infinities and NaN included, has a float32 of the same value.
 * The bytes may begin at any offset of their buffer.
 */
export function decodeWeights(bytes: Uint8Array, format: WeightFormat): Float32Array {
  switch (format) {
    case 'F32':
      return new Float32Array(bytes.slice().buffer);
    case 'BF16':
      return decodeBfloat16(alignedWords(bytes));
    case 'F16':
      return decodeFloat16(alignedWords(bytes));
    default:
      throw new Error(`Unknown weight format ${String(format satisfies never)}; known are F32, F16 and BF16.`);
  }
}

/** A view where the alignment allows it, a copy elsewhere: safetensors data can lie at odd offsets. */
function alignedWords(bytes: Uint8Array): Uint16Array {
  if (bytes.byteOffset % 2 === 0) return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 1);
  return new Uint16Array(bytes.slice().buffer);
}

/** A bfloat16 is the upper half of a float32. */
function decodeBfloat16(words: Uint16Array): Float32Array {
  const bits = new Uint32Array(words.length);
  for (let i = 0; i < words.length; i++) bits[i] = words[i]! << 16;
  return new Float32Array(bits.buffer);
}

function decodeFloat16(words: Uint16Array): Float32Array {
  const bits = new Uint32Array(words.length);
  for (let i = 0; i < words.length; i++) bits[i] = float16BitsToFloat32Bits(words[i]!);
  return new Float32Array(bits.buffer);
}

/** 1 sign, 5 exponent (bias 15), 10 fraction bits to 1, 8 (bias 127), 23. */
function float16BitsToFloat32Bits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal half, fraction · 2⁻²⁴, is a normal float32: shift its highest bit out to be the implied one.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}

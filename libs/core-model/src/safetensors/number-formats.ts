import type { WeightFormat } from '@claas/tensor-backend';

/** Little-endian file bytes as float32; every F16 and BF16 value is exact in it. */
export function toFloat32(bytes: Uint8Array, format: WeightFormat): Float32Array {
  switch (format) {
    case 'F32': {
      const { buffer, byteOffset, byteLength } = aligned(bytes);
      return new Float32Array(buffer, byteOffset, byteLength / Float32Array.BYTES_PER_ELEMENT);
    }
    case 'BF16':
      return bfloat16ToFloat32(halves(bytes));
    case 'F16':
      return float16ToFloat32(halves(bytes));
  }
}

/** Little-endian F64, or I64 as the nearest float64. */
export function toFloat64(bytes: Uint8Array, format: 'F64' | 'I64'): Float64Array {
  const { buffer, byteOffset, byteLength } = aligned(bytes);
  const count = byteLength / Float64Array.BYTES_PER_ELEMENT;
  if (format === 'F64') return new Float64Array(buffer, byteOffset, count);
  return Float64Array.from(new BigInt64Array(buffer, byteOffset, count), Number);
}

/** The same bytes where typed arrays may begin: at a multiple of the longest number's length. */
function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % Float64Array.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
}

function halves(bytes: Uint8Array): Uint16Array {
  const { buffer, byteOffset, byteLength } = aligned(bytes);
  return new Uint16Array(buffer, byteOffset, byteLength / Uint16Array.BYTES_PER_ELEMENT);
}

/** BF16 is the upper half of a float32. */
function bfloat16ToFloat32(values: Uint16Array): Float32Array {
  const bits = new Uint32Array(values.length);
  for (let i = 0; i < values.length; i++) bits[i] = values[i]! << 16;
  return new Float32Array(bits.buffer);
}

/** IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
function float16ToFloat32(bits: Uint16Array): Float32Array {
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const half = bits[i]!;
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0) values[i] = sign * fraction * 2 ** -24;
    else if (exponent === 0x1f) values[i] = fraction === 0 ? sign * Infinity : NaN;
    else values[i] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return values;
}

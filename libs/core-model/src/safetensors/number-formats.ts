import type { WeightFormat } from '@claas/tensor-backend';

/** Little-endian file bytes as float32; every F16 and BF16 value is exact in it. */
export function toFloat32(bytes: Uint8Array, format: WeightFormat): Float32Array {
  switch (format) {
    case 'F32':
      return new Float32Array(aligned(bytes));
    case 'BF16':
      return bfloat16ToFloat32(new Uint16Array(aligned(bytes)));
    case 'F16':
      return float16ToFloat32(new Uint16Array(aligned(bytes)));
  }
}

/** Little-endian F64, or I64 as the nearest float64. */
export function toFloat64(bytes: Uint8Array, format: 'F64' | 'I64'): Float64Array {
  if (format === 'F64') return new Float64Array(aligned(bytes));
  return Float64Array.from(new BigInt64Array(aligned(bytes)), Number);
}

/** The bytes in a buffer that begins with them, as typed arrays need it. */
function aligned(bytes: Uint8Array): ArrayBuffer {
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  return (whole ? bytes.buffer : bytes.slice().buffer) as ArrayBuffer;
}

/** BF16 is the upper half of a float32. */
function bfloat16ToFloat32(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
  return new Float32Array(bits.buffer);
}

/** IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
function float16ToFloat32(halves: Uint16Array): Float32Array {
  const values = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0) values[i] = sign * fraction * 2 ** -24;
    else if (exponent === 0x1f) values[i] = fraction === 0 ? sign * Infinity : NaN;
    else values[i] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return values;
}

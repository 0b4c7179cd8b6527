import { describe, expect, it } from 'vitest';
import { decodeWeights } from './decode-weights.js';

const EVERY_PATTERN = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

/** IEEE 754 binary16 by its definition. */
function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Bfloat16 by its definition: 8 exponent bits, 7 fraction bits. */
function bfloat16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 7) & 0xff;
  const fraction = bits & 0x7f;
  if (exponent === 255) return fraction === 0 ? sign * Infinity : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -133;
  return sign * (1 + fraction / 128) * 2 ** (exponent - 127);
}

function firstDifference(actual: Float32Array, expected: (bits: number) => number): number {
  return actual.findIndex((value, bits) => !Object.is(value, expected(bits)));
}

describe('decodeWeights', () => {
  it('decodes all 65,536 patterns of F16: subnormals, signed zeros, infinities and NaN too', () => {
    const values = decodeWeights(new Uint8Array(EVERY_PATTERN.buffer), 'F16');
    expect(values).toHaveLength(65536);
    expect(firstDifference(values, float16Value)).toBe(-1);
  });

  it('decodes all 65,536 patterns of BF16', () => {
    const values = decodeWeights(new Uint8Array(EVERY_PATTERN.buffer), 'BF16');
    expect(values).toHaveLength(65536);
    expect(firstDifference(values, bfloat16Value)).toBe(-1);
  });

  it('takes F32 bit by bit', () => {
    const bits = Uint32Array.of(
      0,
      0x80000000,
      1,
      0x807fffff,
      0x3f800001,
      0x7f7fffff,
      0x7f800000,
      0xff800000,
      0x7fc00000,
    );
    const values = decodeWeights(new Uint8Array(bits.buffer), 'F32');
    expect([...new Uint32Array(values.buffer)]).toEqual([...bits]);
  });

  it.each(['F32', 'F16', 'BF16'] as const)('reads %s at any byte offset and leaves the bytes alone', (format) => {
    const source = Uint8Array.from({ length: 64 }, (_, i) => (i * 37) & 0x3f);
    const aligned = decodeWeights(source, format);
    for (const offset of [1, 2, 3]) {
      const shifted = new Uint8Array(64 + offset);
      shifted.set(source, offset);
      expect([...decodeWeights(shifted.subarray(offset), format)]).toEqual([...aligned]);
      expect([...shifted.subarray(offset)]).toEqual([...source]);
    }
  });
});

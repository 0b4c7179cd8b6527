import { describe, expect, it } from 'vitest';
import { largestDifference } from './largest-difference.js';

describe('largestDifference', () => {
  it('is the largest absolute difference', () => {
    expect(largestDifference([-1, -2, -3], [-1, -2.5, -2.75])).toBe(0.5);
    expect(largestDifference([], [])).toBe(0);
  });

  it('is infinite for other lengths and for values that are no numbers', () => {
    expect(largestDifference([-1], [-1, -2])).toBe(Infinity);
    expect(largestDifference([NaN], [-1])).toBe(Infinity);
    expect(largestDifference([-1, null as never], [-1, -Infinity])).toBe(Infinity);
  });
});

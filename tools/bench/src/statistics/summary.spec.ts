import { describe, expect, it } from 'vitest';
import { summarize, summarizeRatios } from './summary.js';

describe('summarize', () => {
  it('takes the middle of an odd number of values, whatever their order', () => {
    expect(summarize([5, 1, 9])).toEqual({ median: 5, min: 1, max: 9, count: 3 });
  });

  it('takes the mean of the two in the middle of an even number', () => {
    expect(summarize([8, 1, 3, 4])).toEqual({ median: 3.5, min: 1, max: 8, count: 4 });
  });

  it('orders by value and not by text', () => {
    expect(summarize([10, 9, 100]).median).toBe(10);
  });

  it('refuses an empty list', () => {
    expect(() => summarize([])).toThrow(RangeError);
  });
});

describe('summarizeRatios', () => {
  it('is the median of ratios, not the ratio of medians', () => {
    expect(summarizeRatios([1, 4, 100], [2, 4, 10]).median).toBe(1);
    expect(summarizeRatios([1, 4, 100], [2, 4, 10])).toEqual({ median: 1, min: 0.5, max: 10, count: 3 });
  });

  it('refuses lists that are no pairs', () => {
    expect(() => summarizeRatios([1, 2], [1])).toThrow(RangeError);
  });
});

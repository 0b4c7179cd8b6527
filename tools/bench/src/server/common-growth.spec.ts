import { describe, expect, it } from 'vitest';
import { commonGrowth } from './common-growth.js';

describe('commonGrowth', () => {
  it('leaves the prompt and the first token of a single sequence out', () => {
    expect(commonGrowth([[1000, 1100, 1200]])).toEqual({ from: 1000, tokensPerSecond: 10 });
  });

  it('counts the tokens of all sequences while all of them grow', () => {
    // From 300, when the second begins, to 500, when the first ends: 400 and 500 of the first, 400 and 500 of the second.
    const { from, tokensPerSecond } = commonGrowth([
      [100, 200, 300, 400, 500],
      [300, 400, 500, 600],
    ]);
    expect(from).toBe(300);
    expect(tokensPerSecond).toBe(20);
  });

  it('has no rate where sequences never grow together', () => {
    expect(
      commonGrowth([
        [100, 200],
        [300, 400],
      ]).tokensPerSecond,
    ).toBe(0);
  });
});

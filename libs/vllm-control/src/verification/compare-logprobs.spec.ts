import { describe, expect, it } from 'vitest';
import { compareLogprobs } from './compare-logprobs.js';

const TOLERANCE = { meanNats: 0.05, maxNats: 0.5, distinguishableNats: 0.03 };
const PARENT = [-1, -2, -3, -4];
const NEW = [-0.98, -1.98, -2.98, -3.98];

describe('compareLogprobs', () => {
  it('accepts rounding within both bounds', () => {
    const found = compareLogprobs([-1.01, -2, -3.1, -4], null, { logprobs: PARENT }, TOLERANCE);
    expect(found).toMatchObject({ verified: true, previousDifference: null, expectedDifference: null });
    expect(found.maxDifference).toBeCloseTo(0.1);
    expect(found.meanDifference).toBeCloseTo(0.0275);
  });

  it.each([
    ['one token far off', [-1, -2, -3, -4.6]],
    ['all tokens a little off', [-1.06, -2.06, -3.06, -4.06]],
    ['a token missing', [-1, -2, -3]],
    ['a number that is none', [-1, -2, -3, NaN]],
  ])('refuses %s', (_, server) => {
    expect(compareLogprobs(server, null, { logprobs: PARENT }, TOLERANCE).verified).toBe(false);
  });

  it('finds the old version answering after a step that is smaller than the tolerance', () => {
    const expected = { logprobs: NEW, parentLogprobs: PARENT };
    expect(compareLogprobs(PARENT, PARENT, expected, TOLERANCE)).toMatchObject({
      verified: false,
      previousDifference: 0,
    });
    const larger = { logprobs: PARENT.map((value, t) => value + (t % 2 === 0 ? 0.04 : -0.04)), parentLogprobs: PARENT };
    expect(compareLogprobs(PARENT, PARENT, larger, TOLERANCE).verified).toBe(false);
    // The same rounding on both sides: the difference between the versions is seen through it.
    const rounded = (values: readonly number[]) => values.map((value) => value + 0.03);
    expect(compareLogprobs(rounded(larger.logprobs), rounded(PARENT), larger, TOLERANCE).verified).toBe(true);
  });

  it('finds a version that changed something else', () => {
    const expected = {
      logprobs: PARENT.map((value, t) => value + [0.04, -0.04, 0.04, -0.04][t]!),
      parentLogprobs: PARENT,
    };
    const other = PARENT.map((value, t) => value + [0.01, 0.02, -0.03, -0.01][t]!);
    expect(compareLogprobs(other, PARENT, expected, { ...TOLERANCE, meanNats: 0.1 }).verified).toBe(false);
  });

  it('does not ask for a difference where the step made none', () => {
    const expected = { logprobs: PARENT, parentLogprobs: PARENT };
    expect(compareLogprobs(PARENT, PARENT, expected, TOLERANCE).verified).toBe(true);
  });
});

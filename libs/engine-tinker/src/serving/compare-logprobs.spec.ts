import { describe, expect, it } from 'vitest';
import { compareLogprobs, SERVICE_TOLERANCE } from './compare-logprobs.js';

const trainer = [-1, -2, -3];
const parent = [-1.2, -2.2, -3.2];
const expected = { promptTokenIds: [1], responseTokenIds: [1, 2, 3], logprobs: trainer };
const off = (by: number, from = trainer): number[] => from.map((logprob) => logprob + by);

describe('a sampler’s log-probs', () => {
  it('may be a little off: another program computed them', () => {
    expect(compareLogprobs(off(0.05), expected, SERVICE_TOLERANCE)).toMatchObject({ verified: true, tolerance: 1 });
    expect(compareLogprobs([-1, -2, -3.25], expected, SERVICE_TOLERANCE)).toMatchObject({ verified: true });
  });

  it('may be far off neither at one token nor on average', () => {
    expect(compareLogprobs([-1, -2, -4.5], expected, SERVICE_TOLERANCE)).toMatchObject({
      verified: false,
      maxDifference: 1.5,
    });
    const average = compareLogprobs(off(-0.2), expected, SERVICE_TOLERANCE);
    expect(average).toMatchObject({ verified: false });
    expect(average.meanDifference).toBeCloseTo(0.2, 10);
  });

  it('may not be those of the version before, where the two can be told apart', () => {
    const told = { ...expected, parentLogprobs: off(-0.15) };
    expect(compareLogprobs(off(-0.09), told, SERVICE_TOLERANCE)).toMatchObject({ verified: false });
    expect(compareLogprobs(off(-0.05), told, SERVICE_TOLERANCE)).toMatchObject({ verified: true });
    expect(compareLogprobs(parent, { ...expected, parentLogprobs: parent }, SERVICE_TOLERANCE).verified).toBe(false);
  });

  it('may be closer to the version before where that says nothing', () => {
    const told = { ...expected, parentLogprobs: off(-0.01) };
    expect(compareLogprobs(off(-0.02), told, SERVICE_TOLERANCE)).toMatchObject({ verified: true });
  });
});

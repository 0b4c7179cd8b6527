import { describe, expect, it } from 'vitest';
import { SeededRandom } from '@claas/core-sdpo';
import { sampleToken } from './sample-token.js';

const LOGITS = Float32Array.of(1, 3, 2, -1, 0.5);
const FULL = { temperature: 1, topP: 1, topK: 0 };

function probabilities(temperature: number): number[] {
  const weights = [...LOGITS].map((logit) => Math.exp(logit / temperature));
  const total = weights.reduce((sum, weight) => sum + weight);
  return weights.map((weight) => weight / total);
}

/** Share of each token in many draws. */
function frequencies(settings: typeof FULL, draws = 20_000): number[] {
  const random = new SeededRandom(11, 'test');
  const counts = new Array<number>(LOGITS.length).fill(0);
  for (let i = 0; i < draws; i++) counts[sampleToken(LOGITS, settings, 0, () => random.next()).tokenId]! += 1 / draws;
  return counts;
}

function expectFrequencies(actual: readonly number[], expected: readonly number[]): void {
  // Four standard deviations of 20,000 draws at the worst probability of one half.
  expected.forEach((probability, id) => {
    expect(Math.abs(actual[id]! - probability)).toBeLessThan(0.0142);
  });
}

describe('sampling a token', () => {
  it('takes the most probable token at temperature 0, the first of equal ones, without a random number', () => {
    const never = () => {
      throw new Error('greedy sampling asked for a random number');
    };
    expect(sampleToken(LOGITS, { ...FULL, temperature: 0 }, 0, never).tokenId).toBe(1);
    expect(sampleToken(Float32Array.of(0, 5, 5), { ...FULL, temperature: 0 }, 0, never).tokenId).toBe(1);
  });

  it.each([1, 0.7, 2])('draws from the softmax at temperature %d', (temperature) => {
    expectFrequencies(frequencies({ ...FULL, temperature }), probabilities(temperature));
  });

  it('with top-k draws from the k most probable tokens only', () => {
    const [p0, p1, p2] = probabilities(1) as [number, number, number];
    const total = p0 + p1 + p2;
    expectFrequencies(frequencies({ ...FULL, topK: 3 }), [p0 / total, p1 / total, p2 / total, 0, 0]);
    expect(frequencies({ ...FULL, topK: 3 }).slice(3)).toEqual([0, 0]);
  });

  it('with top-p draws from the fewest tokens that have that share together', () => {
    // Sorted: 0.61, 0.22, 0.08, …: two tokens are needed for 0.7, one for 0.6.
    const [, p1, p2] = probabilities(1) as [number, number, number];
    const two = frequencies({ ...FULL, topP: 0.7 });
    expectFrequencies(two, [0, p1 / (p1 + p2), p2 / (p1 + p2), 0, 0]);
    expect(two.filter((share) => share > 0)).toHaveLength(2);
    expect(frequencies({ ...FULL, topP: 0.6 })[1]).toBeCloseTo(1, 6);
    expect(frequencies({ ...FULL, topP: 1e-9 })[1]).toBeCloseTo(1, 6);
  });

  it('applies top-p to what top-k left', () => {
    // Of the two left, the first has 0.73: enough for 0.7, which it is not without top-k.
    expect(frequencies({ ...FULL, topK: 2, topP: 0.7 })[1]).toBeCloseTo(1, 6);
  });

  it('reports the log-probs of the whole vocabulary, at temperature 1 and at that of sampling', () => {
    const settings = { temperature: 0.5, topP: 0.5, topK: 2 };
    const token = sampleToken(LOGITS, settings, 0, () => 0.5);
    expect(token.tokenId).toBe(1);
    expect(token.logprob).toBeCloseTo(Math.log(probabilities(1)[1]!), 6);
    expect(token.samplingLogprob).toBeCloseTo(Math.log(probabilities(0.5)[1]!), 6);
  });

  it('counts greedy sampling as temperature 1', () => {
    const token = sampleToken(LOGITS, { ...FULL, temperature: 0 }, 0, () => 0);
    expect(token.samplingLogprob).toBe(token.logprob);
  });

  it('reports as many alternatives as asked for, best first', () => {
    const { alternatives } = sampleToken(LOGITS, FULL, 3, () => 0.999999);
    expect(alternatives.map((one) => one.tokenId)).toEqual([1, 2, 0]);
    alternatives.forEach((one) => {
      expect(one.logprob).toBeCloseTo(Math.log(probabilities(1)[one.tokenId]!), 6);
    });
    expect(sampleToken(LOGITS, FULL, 9, () => 0).alternatives).toHaveLength(5);
  });

  it('stays finite for logits far apart', () => {
    const token = sampleToken(Float32Array.of(-80, 80, 900), { ...FULL, temperature: 0.01 }, 3, () => 0.999999);
    expect(token).toMatchObject({ tokenId: 2, logprob: 0, samplingLogprob: 0 });
    expect(token.alternatives.at(-1)!.logprob).toBe(-980);
  });

  it('refuses logits that are not finite instead of making a token up', () => {
    for (const damaged of [Number.NaN, Infinity]) {
      expect(() => sampleToken(Float32Array.of(1, damaged, 2), FULL, 0, () => 0.5)).toThrow('not finite');
    }
  });
});

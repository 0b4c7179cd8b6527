import { describe, expect, it } from 'vitest';
import { stepFlops } from './step-flops.js';

/** C 4, I 6, one layer, two query heads of size 3 that share one key/value head, V 10. */
const TINY = {
  name: 'hand',
  hiddenSize: 4,
  intermediateSize: 6,
  layers: 1,
  attentionHeads: 2,
  keyValueHeads: 1,
  headDim: 3,
  vocabularySize: 10,
};
const STEP = { promptTokens: 2, responseTokens: 2, feedbackTokens: 1, rank: 1 };

describe('stepFlops', () => {
  it('equals a count by hand', () => {
    // Multiply-adds of a position: q 4·6, k and v 4·3 each, o 6·4, gate and up 4·6 each, down 6·4.
    const frozen = 2 * (24 + 12 + 12 + 24 + 24 + 24 + 24);
    // With r = 1: inputs + outputs of each.
    const lora = 2 * (10 + 7 + 7 + 10 + 10 + 10 + 10);
    // 3 positions see 1 + 2 + 3 keys, 4 see 10; each pair costs D = 3 multiply-adds in each of 2 heads, for scores and for values.
    const attention3 = 2 * 2 * 2 * 3 * 6;
    const attention4 = 2 * 2 * 2 * 3 * 10;
    const flops = stepFlops(TINY, STEP);
    expect(flops.teacher).toBe(4 * frozen + attention4);
    expect(flops.forward).toBe(3 * (frozen + lora) + attention3);
    expect(flops.backward).toBe(3 * (frozen + 2 * lora) + 2 * attention3);
    // 2 response positions × 4 channels × 10 tokens, three products of 2 operations each.
    expect(flops.head).toBe(480);
    expect(flops.needed).toBe(flops.teacher + flops.forward + flops.backward + 480);
    expect(flops.attention).toBe(attention4 + 3 * attention3);
  });

  it('grows with layers in everything but the head', () => {
    const one = stepFlops(TINY, STEP);
    const three = stepFlops({ ...TINY, layers: 3 }, STEP);
    expect(three.teacher).toBe(3 * one.teacher);
    expect(three.backward).toBe(3 * one.backward);
    expect(three.recomputation).toBe(3 * one.forward);
    expect(three.head).toBe(one.head);
  });
});

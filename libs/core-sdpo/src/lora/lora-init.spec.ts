import { describe, expect, it } from 'vitest';
import { loraInitA } from './lora-init.js';
import { nextWord } from './seeded-random.js';

describe('loraInitA', () => {
  it('is uniform in ±1/√I, which is Kaiming-uniform with a = √5', () => {
    const [R, I] = [32, 400];
    const values = loraInitA(1, 'layers.0.q_proj', R, I);
    const bound = 1 / Math.sqrt(I);
    expect(values).toHaveLength(R * I);
    expect(values.every((value) => Math.abs(value) <= bound)).toBe(true);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const meanSquare = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    // Five standard errors of the mean and of the mean square of 12,800 uniform numbers.
    expect(Math.abs(mean / bound)).toBeLessThan(5 * Math.sqrt(1 / 3 / values.length));
    expect(Math.abs((3 * meanSquare) / bound ** 2 - 1)).toBeLessThan(5 * Math.sqrt(4 / 5 / values.length));
  });

  it('gives the same numbers for the same seed and module, and others for another', () => {
    const first = loraInitA(42, 'layers.0.q_proj', 2, 8);
    expect(loraInitA(42, 'layers.0.q_proj', 2, 8)).toEqual(first);
    const others = [
      loraInitA(43, 'layers.0.q_proj', 2, 8),
      loraInitA(42, 'layers.0.k_proj', 2, 8),
      loraInitA(42 + 2 ** 32, 'layers.0.q_proj', 2, 8),
    ];
    for (const other of others) expect(other).not.toEqual(first);
  });

  it('keeps giving what it gave when adapters were first made', () => {
    expect([...loraInitA(0, 'layers.0.q_proj', 1, 4)]).toEqual([
      -0.046802639961242676, -0.02044546604156494, -0.4947608709335327, -0.29049551486968994,
    ]);
  });
});

describe('nextWord', () => {
  it('is xoshiro128** as published: the first words from the state 1, 2, 3, 4', () => {
    const state = Uint32Array.of(1, 2, 3, 4);
    const words = Array.from({ length: 6 }, () => nextWord(state));
    expect(words).toEqual([11520, 0, 5927040, 70819200, 2031721883, 1637235492]);
  });
});

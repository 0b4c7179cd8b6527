import { describe, expect, it } from 'vitest';
import { gapChart, shareLine } from './report.js';

describe('shareLine', () => {
  it('counts, draws and rounds', () => {
    const answers = Array.from({ length: 30 }, (_, index) => index < 29);
    expect(shareLine('before', answers)).toBe(`  ${'before'.padEnd(34)} ${'█'.repeat(29)}░ 29 of 30 (97 %)`);
  });
});

describe('gapChart', () => {
  it('says how many steps closed the gap', () => {
    const outcomes = [
      { version: 1, gapBefore: 0.4, gapAfter: 0.3 },
      { version: 2, gapBefore: 0.3, gapAfter: 0.31 },
    ];
    expect(gapChart(outcomes)).toContain('1 of 2 steps brought the model closer');
  });
});

import { describe, expect, it } from 'vitest';
import type { Condition } from './look-at-health.js';
import { Vigil } from './vigil.js';

const LIMITS = { startMs: 5_000, unresponsiveMs: 1_000 };

/** @returns what was said at each look: `[ms since the start, what was seen]` */
function looks(...seen: readonly (readonly [number, Condition])[]): (string | null)[] {
  const startedAt = 1_795_000_000_000;
  const vigil = new Vigil(startedAt, LIMITS);
  return seen.map(([ms, condition]) => vigil.note(condition, startedAt + ms));
}

describe('a vigil', () => {
  it('gives a service its time to come up', () => {
    expect(looks([4_999, 'silent'], [5_000, 'working'], [5_001, 'working'])).toEqual([
      null,
      null,
      'is not up within 5 s',
    ]);
  });

  it('ends one that was up when it has been silent for too long', () => {
    expect(looks([10, 'ready'], [1_010, 'silent'], [1_011, 'silent'])).toEqual([
      null,
      null,
      'has not answered for 1 s',
    ]);
    expect(looks([10, 'ready'], [900, 'silent'], [1_000, 'ready'], [1_900, 'silent'])).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });

  it.each(['sleeping', 'working'] as const)('leaves one alone that is %s, for as long as it takes', (condition) => {
    expect(looks([10, 'ready'], [2_000, condition], [60_000, condition], [600_000, condition])).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });

  it('ends one that says twice that it is broken, and forgives it once', () => {
    expect(looks([10, 'ready'], [20, 'broken'], [30, 'ready'], [40, 'broken'], [50, 'broken'])).toEqual([
      null,
      null,
      null,
      null,
      'says that it can’t go on',
    ]);
  });
});

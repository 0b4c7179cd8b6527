import type { Comparison } from '../comparison/comparison.js';

/** One thing to check; what it compares, it tells `comparison`. Throwing is a miss. */
export interface GoldenCase {
  readonly name: string;
  run(comparison: Comparison): Promise<void> | void;
}

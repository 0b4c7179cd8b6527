import type { Miss } from '../comparison/comparison.js';

/** What became of one case. */
export interface CaseResult {
  /** Path of the case below the golden directory, with the case's own name where one file holds several. */
  readonly name: string;
  readonly misses: readonly Miss[];
  /** Largest error as a share of its tolerance, and of what; null where everything was exact. */
  readonly worst: { readonly share: number; readonly quantity: string } | null;
  readonly comparedValues: number;
  readonly milliseconds: number;
}

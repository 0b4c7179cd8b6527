import type { Tolerance } from './tolerance.js';

/** Numbers in any nesting of arrays, as JSON has them; null is not compared. */
export type Numbers = number | null | readonly Numbers[];

/** One quantity that left its tolerance, or could not be compared. */
export interface Miss {
  readonly quantity: string;
  readonly problem: string;
}

/**
 * Collects what one case compared: how much, how close to its tolerance the worst value came, and what missed.
 * A case that compared nothing is a miss by itself, see {@link Comparison.finish}.
 */
export class Comparison {
  readonly misses: Miss[] = [];
  /** Largest error as a share of its tolerance; above 1 is a miss. */
  worstShare = 0;
  worstQuantity = '';
  comparedValues = 0;

  /** Compares value by value; lengths must agree, and where the reference is null nothing is asked. */
  numbers(quantity: string, actual: ArrayLike<number>, expected: ArrayLike<number | null>, tolerance: Tolerance): void {
    if (actual.length !== expected.length) {
      this.miss(quantity, `${actual.length} values instead of ${expected.length}`);
      return;
    }
    let worst = 0;
    let worstIndex = -1;
    for (let i = 0; i < expected.length; i++) {
      const reference = expected[i];
      if (reference === null || reference === undefined) continue;
      const value = actual[i] ?? Number.NaN;
      const share = shareOf(Math.abs(value - reference), tolerance.allowed(reference), value === reference);
      this.comparedValues++;
      if (share >= worst) [worst, worstIndex] = [share, i];
    }
    if (worstIndex < 0) return;
    this.share(
      quantity,
      worst,
      () => `${String(actual[worstIndex])} at ${worstIndex}, not ${String(expected[worstIndex])}`,
    );
  }

  /** As `numbers`, for one. */
  number(quantity: string, actual: number, expected: number | null, tolerance: Tolerance): void {
    this.numbers(quantity, [actual], [expected], tolerance);
  }

  /** Takes a figure that is already a share of its tolerance. */
  share(quantity: string, share: number, problem: () => string): void {
    this.comparedValues++;
    if (!(share <= this.worstShare)) [this.worstShare, this.worstQuantity] = [share, quantity];
    if (!(share <= 1)) this.miss(quantity, `${problem()} (${share.toPrecision(3)} of the tolerance)`);
  }

  /** Both must be the same, down to order and type, as JSON. */
  exact(quantity: string, actual: unknown, expected: unknown): void {
    this.comparedValues++;
    const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)];
    if (left !== right) this.miss(quantity, `${shorten(left)} instead of ${shorten(right)}`);
  }

  miss(quantity: string, problem: string): void {
    this.misses.push({ quantity, problem });
  }

  /** Makes "compared nothing" a miss. */
  finish(): this {
    if (this.comparedValues === 0 && this.misses.length === 0) this.miss('case', 'nothing in it could be compared');
    return this;
  }
}

function shareOf(error: number, allowed: number, isSame: boolean): number {
  if (isSame) return 0;
  // NaN is no number within any tolerance, and division by a zero tolerance must not make it one.
  if (!Number.isFinite(error)) return Number.POSITIVE_INFINITY;
  return allowed > 0 ? error / allowed : Number.POSITIVE_INFINITY;
}

function shorten(json: string | undefined): string {
  const text = json ?? 'undefined';
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}

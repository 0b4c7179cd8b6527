/** How far from a reference value a number may be. */
export interface Tolerance {
  /** The largest absolute error at this reference value. */
  allowed(reference: number): number;
}

/** |a − b| ≤ absolute + relative·|b| */
export function within(absolute: number, relative = 0): Tolerance {
  return { allowed: (reference) => absolute + relative * Math.abs(reference) };
}

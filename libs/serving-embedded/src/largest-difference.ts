/** max |a − b|; infinite when the lists differ in length or hold anything that is no number. */
export function largestDifference(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Infinity;
  const differences = a.map((value, index) => Math.abs(value - (b[index] ?? NaN)));
  return differences.some(Number.isNaN)
    ? Infinity
    : differences.reduce((largest, value) => Math.max(largest, value), 0);
}

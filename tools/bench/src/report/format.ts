import type { Summary } from '../statistics/summary.js';

export function milliseconds(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}

export function gibibytes(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(2);
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

/** Median, then the smallest and the largest. */
export function spread({ median, min, max }: Summary, format: (value: number) => string): string {
  return `${format(median)} [${format(min)} … ${format(max)}]`;
}

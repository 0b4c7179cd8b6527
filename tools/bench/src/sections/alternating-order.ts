/** As given in even rounds, reversed in odd ones: what comes first has no lasting advantage. */
export function inAlternatingOrder<T>(contestants: readonly T[], round: number): T[] {
  return round % 2 === 0 ? [...contestants] : [...contestants].reverse();
}

/**
 * The rate at which sequences grow together: tokens of all of them while none is still reading its prompt and none has ended.
 * @param times by sequence, when each token came, in milliseconds; at least two each
 * @returns `from` is when the last of the first tokens came
 */
export function commonGrowth(times: readonly (readonly number[])[]): {
  readonly from: number;
  readonly tokensPerSecond: number;
} {
  const from = Math.max(...times.map((ofTokens) => ofTokens[0]!));
  const to = Math.min(...times.map((ofTokens) => ofTokens.at(-1)!));
  const tokens = times.reduce((sum, ofTokens) => sum + ofTokens.filter((time) => time > from && time <= to).length, 0);
  return { from, tokensPerSecond: to > from ? (1000 * tokens) / (to - from) : 0 };
}

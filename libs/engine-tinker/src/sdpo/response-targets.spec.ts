import { describe, expect, it } from 'vitest';
import { ResponseTargets } from './response-targets.js';

const CONTEXT = [1, 2, 3];
const RESPONSE = [10, 11, 12, 13];
const SUPPORT = [[20, 21], [22], [23, 24], [25, 26]];
const WEIGHTS = SUPPORT.map((ids, t) => Float64Array.from(ids, (_, k) => t + k / 8));

/** What a dense sequence of all rows up to `count` positions of the response takes: three targets a row, 12 bytes each, and its tokens. */
const roomFor = (count: number): number => (CONTEXT.length + count - 1) * (3 * 12 + 4);

describe('a response as targets', () => {
  it('has each position’s support, then its token, at the row that predicts it', () => {
    const [rows, ...others] = new ResponseTargets(RESPONSE, SUPPORT, 100).sequences(CONTEXT, WEIGHTS);
    expect(others).toEqual([]);
    expect(rows).toMatchObject({ tokenIds: [1, 2, 3, 10, 11, 12], firstRow: 2, K: 3 });
    expect([...rows!.targets]).toEqual([20, 21, 10, 22, 0, 11, 23, 24, 12, 25, 26, 13]);
    expect([...rows!.weights]).toEqual([0, 1 / 8, 0, 1, 0, 0, 2, 2 + 1 / 8, 0, 3, 3 + 1 / 8, 0]);
  });

  it('is taken apart where it is too long, each position in one sequence', () => {
    const sequences = new ResponseTargets(RESPONSE, SUPPORT, 100, roomFor(3)).sequences(CONTEXT, WEIGHTS);
    expect(sequences.map(({ tokenIds, firstRow }) => [tokenIds, firstRow])).toEqual([
      [[1, 2, 3, 10, 11], 2],
      [[1, 2, 3, 10, 11, 12], 5],
    ]);
    expect(sequences.flatMap(({ targets }) => [...targets])).toEqual([20, 21, 10, 22, 0, 11, 23, 24, 12, 25, 26, 13]);
  });

  it.each([1, 3, 100])('reads log-probs back whatever the sequences are (room for %d)', (count) => {
    const targets = new ResponseTargets(RESPONSE, SUPPORT, 100, roomFor(count));
    const logprobs = targets.sequences(CONTEXT, null).map((rows) => Float32Array.from(rows.targets, (id) => -id));
    expect(targets.positions(logprobs).map(({ support, token }) => [[...support.logprobs], token])).toEqual([
      [[-20, -21], -10],
      [[-22], -11],
      [[-23, -24], -12],
      [[-25, -26], -13],
    ]);
  });

  it('knows whether its support is the whole vocabulary', () => {
    expect(new ResponseTargets([5], [[0, 1, 2]], 3).isWhole).toBe(true);
    expect(new ResponseTargets([5], [[0, 1]], 3).isWhole).toBe(false);
  });
});

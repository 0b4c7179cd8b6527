import { expect, it, vi } from 'vitest';
import { throttle } from './throttle.js';

it('reports the first value, then one per interval, and the last one always', () => {
  vi.useFakeTimers({ now: 0 });
  const reported: number[] = [];
  const report = throttle<number>(
    (value) => reported.push(value),
    100,
    (value) => value === 9,
  );
  for (let value = 0; value < 10; value++) {
    report(value);
    vi.advanceTimersByTime(40);
  }
  vi.useRealTimers();
  expect(reported).toEqual([0, 3, 6, 9]);
});

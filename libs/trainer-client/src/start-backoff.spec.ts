import { ClaasError } from '@claas/contracts';
import { describe, expect, it } from 'vitest';
import { StartBackoff } from './start-backoff.js';

const ERROR = new ClaasError('trainer_failed_to_start', 'It did not start.');

describe('StartBackoff', () => {
  it('lets the first failure be tried again at once, and doubles the wait from the second on, up to the limit', () => {
    let now = 0;
    const backoff = new StartBackoff(100, 350, () => now);
    const waits: number[] = [];
    for (let i = 0; i < 5; i++) {
      backoff.check();
      backoff.failed(ERROR);
      const failedAt = now;
      for (;;) {
        try {
          backoff.check();
          break;
        } catch (error) {
          expect(error).toBe(ERROR);
          now += 10;
        }
      }
      waits.push(now - failedAt);
    }
    expect(waits).toEqual([0, 100, 200, 350, 350]);
  });

  it('forgets failures after a start that worked', () => {
    const backoff = new StartBackoff(100, 350, () => 0);
    backoff.failed(ERROR);
    backoff.failed(ERROR);
    expect(backoff.problem).toBe(ERROR);
    backoff.succeeded();
    expect(backoff.problem).toBeNull();
    expect(() => {
      backoff.check();
    }).not.toThrow();
  });
});

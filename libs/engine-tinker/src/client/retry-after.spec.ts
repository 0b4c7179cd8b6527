import { describe, expect, it } from 'vitest';
import { retryAfterMs } from './retry-after.js';

const NOW = Date.parse('Wed, 25 Nov 2026 12:00:00 GMT');

describe('the pause that a service asks for', () => {
  it.each([
    ['30', 30_000],
    ['0.5', 500],
    ['Wed, 25 Nov 2026 12:00:30 GMT', 30_000],
    ['Wed, 25 Nov 2026 11:00:00 GMT', 0],
    [['7', '9'], 7000],
    ['-5', 0],
    ['soon', null],
    ['', null],
    [undefined, null],
  ])('is read from %j', (header, expected) => {
    expect(retryAfterMs(header, NOW)).toBe(expected);
  });
});

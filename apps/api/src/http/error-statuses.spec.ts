import { ERROR_CODES } from '@claas/contracts';
import { describe, expect, it } from 'vitest';
import { readMarkdownTable } from '../testing/markdown-table.js';
import { ERROR_STATUSES } from './error-statuses.js';

describe('the table of error codes', () => {
  it('is the one of docs/errors.md', () => {
    const rows = Object.entries(ERROR_STATUSES).map(([code, { status, title }]) => [
      `\`${code}\``,
      String(status),
      title,
    ]);
    expect(readMarkdownTable('errors.md')).toEqual(rows);
  });

  it('has every code once, with the status of an error', () => {
    expect(Object.keys(ERROR_STATUSES).sort()).toEqual([...ERROR_CODES].sort());
    for (const { status } of Object.values(ERROR_STATUSES)) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(600);
    }
  });
});

import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { TransferDisplay } from './transfer-display.js';

const TOTAL = 200 * (1 << 20);

describe('TransferDisplay', () => {
  const lines: string[] = [];
  const logger = pino({}, { write: (line: string) => lines.push((JSON.parse(line) as { msg: string }).msg) });

  it('says how far a large transfer is, every ten seconds and at its end, and nothing of a small one', () => {
    let now = 0;
    const display = new TransferDisplay(logger, () => now);
    const what = 'version 3 of user1/model';
    for (const bytes of [0.1, 0.2, 0.3, 0.4, 0.5, 1].map((part) => part * TOTAL)) {
      display.show({ direction: 'upload', what, bytes, totalBytes: TOTAL });
      now += 5000;
    }
    display.show({ direction: 'download', what, bytes: 10, totalBytes: 10 });
    expect(lines).toEqual([10, 30, 50, 100].map((percent) => `upload of ${what}: ${percent} %`));
  });
});

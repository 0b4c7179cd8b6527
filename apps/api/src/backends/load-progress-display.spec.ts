import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { LoadProgressDisplay } from './load-progress-display.js';

const GIGABYTE = 1e9;

function display(): { show: LoadProgressDisplay; lines: string[]; pass: (seconds: number) => void } {
  const lines: string[] = [];
  const logger = pino(
    { messageKey: 'message' },
    { write: (line: string) => void lines.push(JSON.parse(line).message) },
  );
  let time = 0;
  return {
    show: new LoadProgressDisplay(logger, null, () => time),
    lines,
    pass: (seconds) => {
      time += 1000 * seconds;
    },
  };
}

describe('the display of a load without a terminal', () => {
  it('says how far it is now and then, and when it is done', () => {
    const { show, lines, pass } = display();
    for (let part = 0; part <= 10; part += 1) {
      show.show({ phase: 'downloading', loadedBytes: (part / 10) * GIGABYTE, totalBytes: GIGABYTE });
      pass(6);
    }
    expect(lines).toEqual([0, 20, 40, 60, 80, 100].map((share) => `downloading the base model: ${share} %`));
  });

  it('begins anew with each phase', () => {
    const { show, lines } = display();
    show.show({ phase: 'downloading', loadedBytes: 0, totalBytes: GIGABYTE });
    show.show({ phase: 'reading', loadedBytes: 0, totalBytes: GIGABYTE });
    expect(lines).toEqual(['downloading the base model: 0 %', 'reading the base model: 0 %']);
  });

  it('keeps quiet about a small model', () => {
    const { show, lines } = display();
    show.show({ phase: 'reading', loadedBytes: 0, totalBytes: 12e6 });
    expect(lines).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { LineDecoder, MAX_LINE_CHARACTERS } from './line-decoder.js';

describe('LineDecoder', () => {
  it('puts characters together that are split over chunks, at every possible place', () => {
    const lines = ['{"text":"naïve 😀 日本語"}', '{"id":1}'];
    const bytes = Buffer.from(lines.join('\n') + '\n');
    for (let cut = 0; cut <= bytes.length; cut++) {
      const decoder = new LineDecoder();
      expect([...decoder.push(bytes.subarray(0, cut)), ...decoder.push(bytes.subarray(cut))]).toEqual(lines);
    }
  });

  it('keeps an unfinished line until its newline comes', () => {
    const decoder = new LineDecoder();
    expect(decoder.push(Buffer.from('{"a":'))).toEqual([]);
    expect(decoder.push(Buffer.from('1}'))).toEqual([]);
    expect(decoder.push(Buffer.from('\n'))).toEqual(['{"a":1}']);
  });

  it('drops empty lines', () => {
    expect(new LineDecoder().push(Buffer.from('\n\na\r\n \nb\n'))).toEqual(['a\r', 'b']);
  });

  it('refuses a line without end', () => {
    const decoder = new LineDecoder();
    const chunk = Buffer.alloc(MAX_LINE_CHARACTERS / 4, 'x');
    for (let i = 0; i < 4; i++) decoder.push(chunk);
    expect(() => decoder.push(chunk)).toThrow(RangeError);
  });
});

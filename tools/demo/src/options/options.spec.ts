import { describe, expect, it } from 'vitest';
import { readOptions } from './options.js';

describe('options of the demo', () => {
  it('start a local service unless told otherwise', () => {
    expect(readOptions([])).toEqual({ mode: 'local', url: null });
    expect(readOptions(['--mode', 'modal'])).toEqual({ mode: 'modal', url: null });
    expect(readOptions(['--url', 'http://here'])).toEqual({ mode: 'local', url: 'http://here' });
    expect(readOptions(['--mode', 'tinker', '--help'])).toBe('help');
  });

  it.each([
    [['--mode', 'gpu'], '--mode is gpu; it is one of local, modal, tinker.'],
    [['--mode', 'modal', '--url', 'http://here'], 'Either --mode or --url'],
    [['--moed', 'modal'], "Unknown option '--moed'"],
  ])('that make no sense are refused: %o', (args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });
});

import { expect, it } from 'vitest';
import { parseArguments } from './arguments.js';

it('reads its flags', () => {
  expect(parseArguments(['--force', '--quiet'])).toEqual({
    force: true,
    quiet: true,
    strict: false,
    automatic: false,
    help: false,
  });
});

it('refuses what it does not know', () => {
  expect(() => parseArguments(['--forced'])).toThrow('Unknown argument --forced.');
});

import { describe, expect, it } from 'vitest';
import { parseArguments } from './arguments.js';

describe('parseArguments', () => {
  it('measures everything where nothing is said', () => {
    const parsed = parseArguments([])!;
    expect(parsed).toMatchObject({ backend: null, shape: null, rounds: 5, alpha: 0.5, python: 'python3', json: null });
    expect(parsed.sections).toEqual(['step', 'generation', 'scaling']);
    expect(parsed.threads).toBeGreaterThan(0);
  });

  it('takes what is said', () => {
    const args = ['--backend', 'wasm', '--shape=0.1b', '--rounds', '9', '--threads', '1', '--alpha', '0.25'];
    expect(parseArguments([...args, '--only', 'step', '--json', 'x.json'])).toMatchObject({
      backend: 'wasm',
      shape: '0.1b',
      rounds: 9,
      threads: 1,
      alpha: 0.25,
      sections: ['step'],
      json: 'x.json',
    });
  });

  it('is small when quick, unless a shape is asked for', () => {
    expect(parseArguments(['--quick'])).toMatchObject({ shape: 'clay-tiny', rounds: 2, newTokens: 8 });
    expect(parseArguments(['--quick', '--shape', '0.6b'])!.shape).toBe('0.6b');
  });

  it('has nothing to do but help when asked for it', () => {
    expect(parseArguments(['--help', '--rounds', 'x'])).toBeNull();
  });

  it.each([
    [['--backend', 'gpu'], /--backend is "gpu"; it must be one of tensorflow, wasm/],
    [['--shape', '7b'], /clay-tiny, 0\.1b/],
    [['--rounds', '0'], /--rounds is "0"/],
    [['--threads', '1.5'], /--threads/],
    [['--alpha', '2'], /from 0 to 1/],
    [['--alpha', ''], /from 0 to 1/],
    [['--only', 'load'], /step, generation, scaling/],
    [['--fast'], /--fast/],
  ])('refuses %j', (args, message) => {
    expect(() => parseArguments(args)).toThrow(message);
  });
});

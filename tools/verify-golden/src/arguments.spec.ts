import { describe, expect, it } from 'vitest';
import { parseArguments } from './arguments.js';

describe('arguments', () => {
  it('are one directory', () => {
    expect(parseArguments(['golden'], {})).toEqual({ root: 'golden', choice: 'auto' });
  });

  it('take the tensor backend from the environment', () => {
    expect(parseArguments(['golden'], { CLAAS_TENSOR_BACKEND: 'wasm' }).choice).toBe('wasm');
    expect(() => parseArguments(['golden'], { CLAAS_TENSOR_BACKEND: 'cuda' })).toThrow('auto, tensorflow, wasm');
  });

  it.each([[[]], [['']], [['one', 'two']], [['--all']]])('%j are refused', (values) => {
    expect(() => parseArguments(values, {})).toThrow();
  });
});

import { ClaasError } from '@claas/contracts';
import { describe, expect, it } from 'vitest';
import { toClaasError } from './to-claas-error.js';

class TensorMissing extends Error {
  readonly code = 'base_model_invalid';
  readonly file = 'model.safetensors';
  readonly tensor = null;
}

describe('toClaasError', () => {
  it('keeps our own errors as they are', () => {
    const error = new ClaasError('response_empty', 'Nothing to learn from.');
    expect(toClaasError(error)).toBe(error);
  });

  it('takes the code and the fields of an error that carries a known one', () => {
    expect(toClaasError(new TensorMissing('No such tensor.')).toWire()).toEqual({
      code: 'base_model_invalid',
      message: 'No such tensor.',
      details: { file: 'model.safetensors' },
    });
  });

  it('calls everything else internal, errors of the operating system included', () => {
    const error = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    expect(toClaasError(error).toWire()).toEqual({ code: 'internal', message: 'no such file', details: {} });
    expect(toClaasError('a string').code).toBe('internal');
  });
});

import { describe, expect, it } from 'vitest';
import { ClaasError } from '../errors/claas-error.js';
import { retryAfterCrash } from './retry-after-crash.js';

/** Answers with each of `outcomes` in turn; an error is thrown. */
function scripted(...outcomes: (string | ClaasError)[]): { ask: () => Promise<string>; asked: () => number } {
  let count = 0;
  return {
    ask: () => {
      const outcome = outcomes[count++];
      return outcome instanceof ClaasError ? Promise.reject(outcome) : Promise.resolve(outcome ?? 'nothing left');
    },
    asked: () => count,
  };
}

const crash = new ClaasError('trainer_crashed', 'It died.');

describe('retryAfterCrash', () => {
  it.each([crash, new ClaasError('trainer_unresponsive', 'It hung.')])('asks again after $code', async (error) => {
    const { ask, asked } = scripted(error, 'answer');
    expect(await retryAfterCrash(ask)).toBe('answer');
    expect(asked()).toBe(2);
  });

  it('gives up when the second try is lost too', async () => {
    const { ask, asked } = scripted(crash, crash, 'answer');
    await expect(retryAfterCrash(ask)).rejects.toBe(crash);
    expect(asked()).toBe(2);
  });

  it('does not ask again for another error, nor when it may not', async () => {
    const refusal = new ClaasError('response_empty', 'Empty.');
    await expect(retryAfterCrash(scripted(refusal, 'answer').ask)).rejects.toBe(refusal);
    await expect(retryAfterCrash(scripted(crash, 'answer').ask, () => false)).rejects.toBe(crash);
  });
});

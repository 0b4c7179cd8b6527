import { describe, expect, it } from 'vitest';
import { serializeError } from './create-logger.js';

describe('errors in the log', () => {
  it('have their message and stack', () => {
    expect(serializeError(new TypeError('broken'))).toMatchObject({
      type: 'TypeError',
      message: 'broken',
      stack: expect.stringContaining('create-logger.spec'),
    });
  });

  it('leave out the parameters of a failed query, which hold what users wrote', () => {
    const error = Object.assign(
      new Error('Failed query: insert … params: my secret', { cause: new Error('disk full') }),
      {
        query: 'insert into feedbacks values ($1)',
        params: ['my secret'],
      },
    );
    const line = JSON.stringify(serializeError(error));
    expect(line).toContain('insert into feedbacks');
    expect(line).toContain('disk full');
    expect(line).not.toContain('my secret');
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJsonBody } from './json-body.js';
import { RequestInvalidError } from './request-errors.js';

const parse = (text: string): unknown => parseJsonBody(Buffer.from(text));

describe('parseJsonBody', () => {
  it('gives back whatever JSON says', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5, noUnicodeString: true }), (value) => {
        const text = JSON.stringify({ value });
        fc.pre(!/\\u0000|__proto__|"constructor"|"prototype"/.test(text));
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  it.each(['', '  ', '{', '{"a":NaN}', '{"a":Infinity}', '{"a":-Infinity}', "{'a':1}", '{"a":1,}', 'undefined'])(
    'refuses %j as malformed',
    (text) => {
      expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'request_malformed' }));
    },
  );

  it('does not repeat what was sent when it refuses', () => {
    expect(() => parse('{"feedback": "my secret" oops}')).toThrow(/at position 25/);
    expect(() => parse('{"feedback": "my secret" oops}')).not.toThrow(/secret/);
  });

  it.each(['[]', '[{"a":1}]', '"a"', '1', 'null'])('refuses %s, which is not an object', (text) => {
    expect(() => parse(text)).toThrow(/JSON object/);
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(() => parseJsonBody(Buffer.from([0x22, 0xff, 0x22]))).toThrow(/UTF-8/);
  });

  it('refuses a body that is nested too deep, however deep', () => {
    expect(() => parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)).toThrow(/nested/);
  });

  it('names every field that has what it can’t have', () => {
    const text = '{"a":1e999,"b":{"c":["x\\u0000"]},"d":"\\ud800","__proto__":{"e":1},"constructor":1}';
    try {
      parse(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(RequestInvalidError);
      const fields = error instanceof RequestInvalidError ? error.errors.map(({ field }) => field).sort() : [];
      expect(fields).toEqual(['__proto__', 'a', 'b.c[0]', 'constructor', 'd']);
    }
    expect(Object.prototype).not.toHaveProperty('e');
  });
});

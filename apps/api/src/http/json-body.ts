import type { FieldError } from './problem.js';
import { RequestInvalidError, RequestMalformedError } from './request-errors.js';

const MAX_DEPTH = 32;
const FORBIDDEN_KEYS = ['__proto__', 'prototype', 'constructor'];
const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

/**
 * The object that a JSON body is. NaN and Infinity aren't JSON; nor may a number be too large for one.
 * @throws RequestMalformedError, RequestInvalidError for text that can't be stored, or a key that would reach a prototype
 */
export function parseJsonBody(body: Buffer): unknown {
  const text = decode(body);
  if (text.trim() === '') throw new RequestMalformedError('The request body is empty. Send a JSON object.');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RequestMalformedError(`The request body is not JSON: ${reasonOf(error)}`, { cause: error });
  }
  const errors: FieldError[] = [];
  inspect(value, errors);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    errors.push({ field: '(body)', message: 'must be a JSON object' });
  }
  if (errors.length > 0) throw new RequestInvalidError(errors);
  return value;
}

function decode(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (error) {
    throw new RequestMalformedError('The request body is not UTF-8. Encode the JSON as UTF-8.', { cause: error });
  }
}

/** V8 quotes the text around the error, which may be a user's words: only the place is repeated. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  const position = /at position \d+( \(line \d+ column \d+\))?/.exec(message)?.[0];
  return position === undefined
    ? 'it ends too early or has a value that JSON does not know (NaN and Infinity are none).'
    : `unexpected text ${position} (NaN and Infinity are not JSON).`;
}

/** A loop instead of recursion: how deep a body goes is the client's choice. */
function inspect(root: unknown, errors: FieldError[]): void {
  const pending: { value: unknown; path: string; depth: number }[] = [{ value: root, path: '', depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { value, path, depth } = next;
    if (depth > MAX_DEPTH) {
      throw new RequestMalformedError(`The request body is nested more than ${MAX_DEPTH} levels deep.`);
    }
    const problem = problemOf(value);
    if (problem !== null) errors.push({ field: path === '' ? '(body)' : path, message: problem });
    if (Array.isArray(value)) {
      value.forEach((item: unknown, index) =>
        pending.push({ value: item, path: `${path}[${index}]`, depth: depth + 1 }),
      );
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        const field = path === '' ? key : `${path}.${key}`;
        if (FORBIDDEN_KEYS.includes(key)) errors.push({ field, message: 'is not a field of this request' });
        pending.push({ value: item, path: field, depth: depth + 1 });
      }
    }
  }
}

function problemOf(value: unknown): string | null {
  if (typeof value === 'number' && !Number.isFinite(value)) return 'must be a finite number';
  if (typeof value !== 'string') return null;
  if (value.includes('\u0000')) return 'must not contain the character U+0000';
  return LONE_SURROGATE.test(value) ? 'must be well-formed Unicode (it has half of a surrogate pair)' : null;
}

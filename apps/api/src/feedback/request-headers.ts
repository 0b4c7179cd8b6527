import { RequestInvalidError } from '../http/request-errors.js';

const KEY = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;

/** Null when there is none. @throws RequestInvalidError for a key that is empty, too long or not ASCII */
export function readIdempotencyKey(header: string | undefined): string | null {
  if (header === undefined) return null;
  if (KEY.test(header)) return header;
  throw new RequestInvalidError([
    { field: 'Idempotency-Key', message: 'must have 1 to 255 printable ASCII characters' },
  ]);
}

/** RFC 7240: does the client prefer to be answered before the work is done? */
export function prefersAsync(header: string | undefined): boolean {
  const preferences = (header ?? '').split(',').map((preference) => preference.split(';', 1)[0]?.trim().toLowerCase());
  return preferences.includes('respond-async');
}

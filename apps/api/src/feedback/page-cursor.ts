import { RequestInvalidError } from '../http/request-errors.js';

const SEQUENCE = /^[1-9]\d{0,14}$/;

/** Opaque to clients; they pass on what they got. */
export function toCursor(sequence: number): string {
  return Buffer.from(String(sequence)).toString('base64url');
}

/** @throws RequestInvalidError for anything that {@link toCursor} did not make */
export function readCursor(cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString();
  if (SEQUENCE.test(text) && toCursor(Number(text)) === cursor) return Number(text);
  throw new RequestInvalidError([{ field: 'cursor', message: 'must be the next_cursor of an earlier page' }]);
}

import { AdapterIdInvalidError } from '../errors/adapter-errors.js';

declare const adapterId: unique symbol;

/** An id that has passed {@link parseAdapterId}: safe as a relative path below any root. */
export type AdapterId = string & { readonly [adapterId]: true };

export const ADAPTER_ID_RULE =
  'An adapter id has 1 to 4 segments of letters, digits, ".", "_" or "-", joined by "/", at most 200 characters in all; no segment starts with ".".';

const SEGMENT = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

/** @throws AdapterIdInvalidError when `text` breaks {@link ADAPTER_ID_RULE} */
export function parseAdapterId(text: string): AdapterId {
  const segments = text.split('/');
  const isValid = text.length <= 200 && segments.length <= 4 && segments.every((segment) => SEGMENT.test(segment));
  if (!isValid) throw new AdapterIdInvalidError(text, ADAPTER_ID_RULE);
  return text as AdapterId;
}

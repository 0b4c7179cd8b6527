import { createHash } from 'node:crypto';
import type { FeedbackRequest } from './feedback-request.js';
import { sortKeys } from './sort-keys.js';

/** SHA-256 of what a request asks for, in hex: equal for bodies that differ only in the order of fields or in written-out defaults. */
export function hashRequest(request: FeedbackRequest): string {
  return createHash('sha256').update(JSON.stringify(request, sortKeys)).digest('hex');
}

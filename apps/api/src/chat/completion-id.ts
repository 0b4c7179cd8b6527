import { randomUUID } from 'node:crypto';

/** A new id for an answer, under which feedback finds it. */
export function newCompletionId(kind: 'chatcmpl' | 'cmpl'): string {
  return `${kind}-${randomUUID().replaceAll('-', '')}`;
}

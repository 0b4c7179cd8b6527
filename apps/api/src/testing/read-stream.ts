import { expect } from 'vitest';
import type { Answered } from './client.js';

/** The chunks of an answer that streams as OpenAI's do, without the last event, which says that it is over. */
export function readStream({ headers, body }: Answered): Record<string, unknown>[] {
  expect(headers.get('content-type')).toContain('text/event-stream');
  const events = String(body['text'])
    .split('\n\n')
    .filter((event) => event.startsWith('data: '));
  expect(events.at(-1)).toBe('data: [DONE]');
  return events.slice(0, -1).map((event) => JSON.parse(event.slice(6)) as Record<string, unknown>);
}

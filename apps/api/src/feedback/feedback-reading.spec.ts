import { describe, expect, it } from 'vitest';
import type { Answered } from '../testing/client.js';
import { useService } from '../testing/use-service.js';
import type { FeedbackPageDto, FeedbackRecordDto } from './dto/feedback-record.dto.js';
import { initialise, TEXT, untilStatus } from './testing/feedback-over-http.js';

interface StreamedEvent {
  readonly name: string;
  readonly data: Record<string, unknown>;
}

const api = useService();

/** The events of a feedback, as they come. */
async function* eventsOf(requestId: string): AsyncGenerator<StreamedEvent> {
  const { headers, body } = await fetch(`${api.service.url}/v1/feedback/${requestId}/events`);
  expect(headers.get('content-type')).toContain('text/event-stream');
  expect(headers.get('x-request-id')).not.toBeNull();
  let text = '';
  for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const blocks = `${text}${chunk}`.split('\n\n');
    text = blocks.pop() ?? '';
    yield* blocks.filter((block) => block.startsWith('event: ')).map(parseEvent);
  }
}

function parseEvent(block: string): StreamedEvent {
  const [event, data] = block.split('\n');
  return {
    name: String(event).slice('event: '.length),
    data: JSON.parse(String(data).slice('data: '.length)) as Record<string, unknown>,
  };
}

describe('GET /v1/feedback', () => {
  it('pages through the feedbacks of an adapter, newest first', async () => {
    const name = await initialise(api.client);
    const sent: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      const { body } = await api.client.post('/v1/feedback', { lora_id: `${name}-latest`, ...TEXT });
      sent.unshift(String(body['request_id']));
    }
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Answered<FeedbackPageDto> = await api.client.get(
        `/v1/feedback?lora_id=${name}-latest&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      expect(page.body.feedbacks.length).toBeLessThanOrEqual(2);
      seen.push(...page.body.feedbacks.map(({ request_id: requestId }) => requestId));
      cursor = page.body.next_cursor;
    }
    expect(seen).toEqual(sent);
  });

  it.each(['cursor=abc', 'limit=0', 'limit=201', 'limit=x', 'status=done', 'lora_id=../x', 'page=2'])(
    'refuses ?%s',
    async (query) => {
      expect((await api.client.get(`/v1/feedback?${query}`)).status).toBe(422);
    },
  );

  it('answers 404 for an unknown feedback', async () => {
    for (const path of ['/v1/feedback/none', '/v1/feedback/none/events']) {
      expect(await api.client.get(path)).toMatchObject({ status: 404, body: { code: 'feedback_not_found' } });
    }
  });
});

describe('GET /v1/feedback/{request_id}/events', () => {
  it('tells of every change and of progress, and ends', async () => {
    const name = await initialise(api.client);
    const open = api.service.engine.closeGate();
    const busy = await api.client.post<FeedbackRecordDto>(
      '/v1/feedback',
      { lora_id: `${name}-latest`, ...TEXT },
      { prefer: 'respond-async' },
    );
    await untilStatus(api.client, busy.body.request_id, 'training');
    const queued = await api.client.post<FeedbackRecordDto>(
      '/v1/feedback',
      { lora_id: `${name}-latest`, ...TEXT },
      { prefer: 'respond-async' },
    );
    const events = eventsOf(queued.body.request_id);
    const all = [(await events.next()).value as StreamedEvent];
    open();
    for await (const event of events) all.push(event);
    const states = all.filter((event) => event.name === 'state').map((event) => event.data['status']);
    expect([...new Set(states)]).toEqual(['queued', 'training', 'committed', 'published', 'verified']);
    expect(all.at(-1)?.data).toMatchObject({ status: 'verified', finished: true, version: 2 });
    expect(all).toContainEqual({ name: 'progress', data: { phase: 'teacher', fraction: 0.5 } });
  });

  it('shows the end of a feedback that ended before', async () => {
    const name = await initialise(api.client);
    const { body } = await api.client.post('/v1/feedback', { lora_id: `${name}-latest`, ...TEXT });
    const events: StreamedEvent[] = [];
    for await (const event of eventsOf(String(body['request_id']))) events.push(event);
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ name: 'state', data: { status: 'verified', finished: true } });
  });
});

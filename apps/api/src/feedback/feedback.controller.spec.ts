import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startService, type RunningService } from '../testing/start-service.js';
import { FEEDBACK_EXAMPLES } from './dto/feedback.dto.js';
import type { FeedbackAnswerDto } from './dto/feedback-answer.dto.js';
import type { FeedbackPageDto, FeedbackRecordDto } from './dto/feedback-record.dto.js';

interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

let service: RunningService;
let initialised = 0;

beforeAll(async () => {
  service = await startService({ FEEDBACK_LOCK_TIMEOUT_S: '1' });
});

afterAll(() => service.stop());

beforeEach(() => {
  service.engine.gate = Promise.resolve();
});

async function call<Body = Record<string, unknown>>(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer<Body>> {
  const response = await fetch(`${service.url}${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
}

/** A new adapter: `<name>-init`, with the alias `<name>-latest`. */
async function initialise(): Promise<string> {
  initialised += 1;
  const name = `user/feedback-${initialised}`;
  expect((await call('POST', '/v1/lora/init', { lora_id: name })).status).toBe(200);
  return name;
}

const TEXT = { prompt: 'Who are you?', response: 'I am Clay. 😊', feedback: "Don't use emojis." };

function closeGate(): () => void {
  let open = (): void => undefined;
  service.engine.gate = new Promise((resolve) => (open = resolve));
  return open;
}

async function untilStatus(requestId: string, status: string): Promise<void> {
  while ((await call('GET', `/v1/feedback/${requestId}`)).body['status'] !== status) await delay(10);
}

describe('POST /v1/feedback', () => {
  it('answers with everything that the Python service’s clients read, and the proof', async () => {
    const name = await initialise();
    const { status, body } = await call<FeedbackAnswerDto>('POST', '/v1/feedback', {
      lora_id: `${name}-latest`,
      ...TEXT,
      training: { learning_rate: 1e-4, alpha: 0.5, teacher_mode: 'self' },
      orchestration: { sleep_before: true, wake_after: true, sleep_level: 1 },
    });
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual([
      'distill_result',
      'feedback_log_path',
      'lora_id',
      'receipt',
      'request_id',
      'status',
      'timing_ms',
      'version',
      'vllm',
    ]);
    expect(body).toMatchObject({
      status: 'ok',
      lora_id: `${name}-init`,
      version: 1,
      distill_result: { lora_id: `${name}-init`, version: 1, metadata: { tokens_processed: 12, teacher_mode: 'self' } },
      vllm: { slept: false, woke: false, published: true, verified: true },
    });
    expect(body.request_id).toMatch(/^[0-9a-f]{32}$/);
    expect(body.receipt).toMatchObject({ gap_before: 0.4, gap_after: 0.3, verified: { max_difference: 0 } });
    expect(body.receipt?.tokens).toHaveLength(12);
    const phases = ['queue', 'drain', 'sleep', 'distill', 'save', 'wake', 'publish', 'verify', 'logprobs', 'total'];
    expect(Object.keys(body.timing_ms).sort()).toEqual(phases.sort());
    for (const milliseconds of Object.values(body.timing_ms)) {
      expect(Number.isInteger(milliseconds) && milliseconds >= 0).toBe(true);
    }
  });

  it('writes one log file with sorted keys, as the Python service does', async () => {
    const name = await initialise();
    const { body } = await call<FeedbackAnswerDto>('POST', '/v1/feedback', { lora_id: `${name}-latest`, ...TEXT });
    expect(body.feedback_log_path).toMatch(new RegExp(`/\\d{8}T\\d{6}-${body.request_id}\\.json$`));
    const text = readFileSync(body.feedback_log_path, 'utf8');
    const record = JSON.parse(text) as Record<string, unknown>;
    expect(Object.keys(record)).toEqual(Object.keys(record).sort());
    expect(text).toBe(`${JSON.stringify(record, null, 2)}\n`);
    expect(record).toMatchObject({
      request_id: body.request_id,
      status: 'ok',
      phase: 'verify',
      lora_id: `${name}-latest`,
      teacher_mode: 'self',
      request: { ...TEXT, lora_id: `${name}-latest`, rollout_logprobs: null, training: { learning_rate: 1e-4 } },
      distill_result: body.distill_result,
      receipt: body.receipt,
      vllm: body.vllm,
      error: null,
    });
    expect(record['timestamp_utc']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it('learns from a completion by its id', async () => {
    const name = await initialise();
    const chat = await call('POST', '/v1/chat/completions', {
      model: `${name}-latest`,
      messages: [{ role: 'user', content: 'Who are you?' }],
    });
    expect(chat.status).toBe(200);
    const { status, body } = await call('POST', '/v1/feedback', {
      lora_id: `${name}-latest`,
      completion_id: chat.body['id'],
      feedback: 'Be shorter.',
    });
    expect(body).toMatchObject({ status: 'ok', version: 1 });
    expect(status).toBe(200);
  });

  it('runs each of its own examples as it stands', async () => {
    await call('POST', '/v1/lora/init', { lora_id: 'user/my-lora' });
    for (const { value } of Object.values(FEEDBACK_EXAMPLES)) {
      expect((await call('POST', '/v1/feedback', value)).status).toBe(200);
    }
  });

  it('gives the same answer for the same idempotency key, and 409 for another body', async () => {
    const name = await initialise();
    const body = { lora_id: `${name}-latest`, ...TEXT };
    const headers = { 'idempotency-key': `key-${name}` };
    const first = await call('POST', '/v1/feedback', body, headers);
    const again = await call('POST', '/v1/feedback', body, headers);
    expect(again.body).toEqual(first.body);
    const other = await call('POST', '/v1/feedback', { ...body, feedback: 'Else.' }, headers);
    expect(other).toMatchObject({ status: 409, body: { code: 'idempotency_conflict' } });
    const versions = await call<{ versions: unknown[] }>('GET', `/v1/lora/versions?lora_id=${name}-init`);
    expect(versions.body.versions).toHaveLength(2);
  });

  it('answers 202 at once where that is preferred', async () => {
    const name = await initialise();
    const open = closeGate();
    const { status, headers, body } = await call<FeedbackRecordDto>(
      'POST',
      '/v1/feedback',
      { lora_id: `${name}-latest`, ...TEXT },
      { prefer: 'return=minimal, respond-async' },
    );
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/v1/feedback/${body.request_id}`);
    expect(body).toMatchObject({ status: 'queued', finished: false, lora_id: `${name}-init` });
    open();
    await untilStatus(body.request_id, 'verified');
  });

  it('answers 409 when the step does not begin in time, and applies the feedback all the same', async () => {
    const name = await initialise();
    const open = closeGate();
    const body = { lora_id: `${name}-latest`, ...TEXT };
    const first = await call<FeedbackRecordDto>('POST', '/v1/feedback', body, { prefer: 'respond-async' });
    await untilStatus(first.body.request_id, 'training');
    const second = await call('POST', '/v1/feedback', body);
    expect(second).toMatchObject({ status: 409, body: { code: 'feedback_lock_timeout', feedback_status: 'queued' } });
    open();
    await untilStatus(String(second.body['feedback_id']), 'verified');
  });

  it('goes on when the client has gone', async () => {
    const name = await initialise();
    const open = closeGate();
    const client = new AbortController();
    const sent = fetch(`${service.url}/v1/feedback`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ lora_id: `${name}-latest`, ...TEXT }),
      signal: client.signal,
    });
    let requestId: string | undefined;
    while (requestId === undefined) {
      const page = await call<FeedbackPageDto>('GET', `/v1/feedback?lora_id=${name}-init&status=training`);
      requestId = page.body.feedbacks[0]?.request_id;
    }
    client.abort();
    await expect(sent).rejects.toThrow();
    open();
    await untilStatus(requestId, 'verified');
  });

  it('says in which phase it failed and how the adapter is', async () => {
    const name = await initialise();
    vi.spyOn(service.engine, 'distill').mockRejectedValueOnce(new Error('Out of memory'));
    const { status, body } = await call('POST', '/v1/feedback', { lora_id: `${name}-latest`, ...TEXT });
    expect(status).toBe(500);
    expect(body).toMatchObject({ code: 'feedback_failed', phase: 'distill', feedback_status: 'failed' });
    expect(body['detail']).toBe(
      `Feedback update failed in phase 'distill': Out of memory. LoRA ${name}-init is unchanged: version 0 is its head and is served.`,
    );
    const record = await call<FeedbackRecordDto>('GET', `/v1/feedback/${String(body['feedback_id'])}`);
    expect(record.body).toMatchObject({ status: 'failed', finished: true, error: { code: 'feedback_failed' } });
    const log = JSON.parse(readFileSync(record.body.feedback_log_path ?? '', 'utf8')) as Record<string, unknown>;
    expect(log).toMatchObject({ status: 'error', phase: 'distill', error: body['detail'] });
  });

  const BAD: [string, string, Record<string, unknown>][] = [
    ['an empty feedback', 'feedback', { feedback: '' }],
    ['a blank feedback', 'feedback', { feedback: ' \n' }],
    ['an empty prompt', 'prompt', { prompt: '' }],
    ['an empty response', 'response', { response: '' }],
    ['a missing feedback', 'feedback', { feedback: undefined }],
    ['a missing prompt', 'prompt', { prompt: undefined }],
    ['a missing response', 'response', { response: undefined }],
    ['a number for a text', 'prompt', { prompt: 5 }],
    ['a misspelt field', 'learning_rat', { learning_rat: 1 }],
    ['a misspelt training field', 'training.learning_rat', { training: { learning_rat: 1e-4 } }],
    ['a learning rate that is too small', 'training.learning_rate', { training: { learning_rate: 9e-7 } }],
    ['a learning rate that is too large', 'training.learning_rate', { training: { learning_rate: 0.011 } }],
    ['a learning rate as text', 'training.learning_rate', { training: { learning_rate: '1e-4' } }],
    ['a null learning rate', 'training.learning_rate', { training: { learning_rate: null } }],
    ['alpha above 1', 'training.alpha', { training: { alpha: 1.01 } }],
    ['alpha below 0', 'training.alpha', { training: { alpha: -0.01 } }],
    ['is_clip below 1', 'training.is_clip', { training: { is_clip: 0.9 } }],
    ['is_clip above 20', 'training.is_clip', { training: { is_clip: 21 } }],
    ['max_grad_norm 0', 'training.max_grad_norm', { training: { max_grad_norm: 0 } }],
    ['kl_reg_weight above 1', 'training.kl_reg_weight', { training: { kl_reg_weight: 1.1 } }],
    ['top_k 0', 'training.top_k', { training: { top_k: 0 } }],
    ['top_k 1001', 'training.top_k', { training: { top_k: 1001 } }],
    ['a broken top_k', 'training.top_k', { training: { top_k: 1.5 } }],
    ['two different top_k', 'training.teacher_top_k', { training: { top_k: 5, teacher_top_k: 6 } }],
    ['an unknown teacher', 'training.teacher_mode', { training: { teacher_mode: 'other' } }],
    ['no steps', 'training.steps', { training: { steps: 0 } }],
    ['17 steps', 'training.steps', { training: { steps: 17 } }],
    ['training as a list', 'training', { training: [] }],
    ['training as null', 'training', { training: null }],
    ['a flag as text', 'orchestration.sleep_before', { orchestration: { sleep_before: 'yes' } }],
    ['sleep level 3', 'orchestration.sleep_level', { orchestration: { sleep_level: 3 } }],
    ['log-probs as text', 'rollout_logprobs', { rollout_logprobs: ['-1'] }],
    ['a completion and a prompt', 'prompt', { completion_id: 'chatcmpl-1' }],
    ['a prompt and messages', 'messages', { messages: [{ role: 'user', content: 'Hi' }] }],
    ['messages without an end', 'messages', { prompt: undefined, messages: [{ role: 'assistant', content: 'Hi' }] }],
    ['no messages', 'messages', { prompt: undefined, messages: [] }],
    ['a message of nobody', 'messages[0].role', { prompt: undefined, messages: [{ role: 'me', content: 'Hi' }] }],
    ['a message that is text', 'messages', { prompt: undefined, messages: ['Hi'] }],
  ];

  it.each(BAD)('refuses %s with 422 and names %s', async (_what, field, change) => {
    const { status, body } = await call<{ code: string; errors: { field: string }[] }>('POST', '/v1/feedback', {
      lora_id: 'user/feedback-1-latest',
      ...TEXT,
      ...change,
    });
    expect(body.errors.map((error) => error.field)).toContain(field);
    expect(body.code).toBe('request_invalid');
    expect(status).toBe(422);
  });

  it('refuses the wrong number of rollout_logprobs, changing nothing', async () => {
    const name = await initialise();
    const body = { lora_id: `${name}-latest`, ...TEXT, rollout_logprobs: [-0.5, -1.2, -0.8] };
    expect(await call('POST', '/v1/feedback', body)).toMatchObject({
      status: 422,
      body: { code: 'rollout_logprobs_mismatch' },
    });
    const page = await call<FeedbackPageDto>('GET', `/v1/feedback?lora_id=${name}-init`);
    expect(page.body.feedbacks).toEqual([]);
  });

  it.each([
    [404, 'adapter_not_found', { lora_id: 'no/such-lora' }],
    [422, 'adapter_id_invalid', { lora_id: '../../etc/passwd' }],
    [404, 'completion_not_found', { prompt: undefined, response: undefined, completion_id: 'chatcmpl-none' }],
  ])('answers %i %s', async (status, code, change) => {
    const name = await initialise();
    const answer = await call('POST', '/v1/feedback', { lora_id: `${name}-latest`, ...TEXT, ...change });
    expect(answer).toMatchObject({ status, body: { code } });
  });

  it.each(['', 'ä', 'x'.repeat(256)])('refuses the idempotency key %j', async (key) => {
    const { status } = await call('POST', '/v1/feedback', { lora_id: 'a', ...TEXT }, { 'idempotency-key': key });
    expect(status).toBe(422);
  });
});

describe('GET /v1/feedback', () => {
  it('pages through the feedbacks of an adapter, newest first', async () => {
    const name = await initialise();
    const sent: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      const { body } = await call('POST', '/v1/feedback', { lora_id: `${name}-latest`, ...TEXT });
      sent.unshift(String(body['request_id']));
    }
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Answer<FeedbackPageDto> = await call(
        'GET',
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
      expect((await call('GET', `/v1/feedback?${query}`)).status).toBe(422);
    },
  );

  it('answers 404 for an unknown feedback', async () => {
    for (const path of ['/v1/feedback/none', '/v1/feedback/none/events']) {
      expect(await call('GET', path)).toMatchObject({ status: 404, body: { code: 'feedback_not_found' } });
    }
  });
});

describe('GET /v1/feedback/{request_id}/events', () => {
  async function eventsOf(requestId: string): Promise<{ name: string; data: Record<string, unknown> }[]> {
    const response = await fetch(`${service.url}/v1/feedback/${requestId}/events`);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(response.headers.get('x-request-id')).not.toBeNull();
    const text = await response.text();
    return text
      .split('\n\n')
      .filter((block) => block.startsWith('event: '))
      .map((block) => {
        const [event, data] = block.split('\n');
        return {
          name: String(event).slice('event: '.length),
          data: JSON.parse(String(data).slice('data: '.length)) as Record<string, unknown>,
        };
      });
  }

  it('tells of every change and of progress, and ends', async () => {
    const name = await initialise();
    const open = closeGate();
    const busy = await call<FeedbackRecordDto>(
      'POST',
      '/v1/feedback',
      { lora_id: `${name}-latest`, ...TEXT },
      { prefer: 'respond-async' },
    );
    await untilStatus(busy.body.request_id, 'training');
    const queued = await call<FeedbackRecordDto>(
      'POST',
      '/v1/feedback',
      { lora_id: `${name}-latest`, ...TEXT },
      { prefer: 'respond-async' },
    );
    const events = eventsOf(queued.body.request_id);
    await delay(50);
    open();
    const all = await events;
    const states = all.filter((event) => event.name === 'state').map((event) => event.data['status']);
    expect([...new Set(states)]).toEqual(['queued', 'training', 'committed', 'published', 'verified']);
    expect(all.at(-1)?.data).toMatchObject({ status: 'verified', finished: true, version: 2 });
    expect(all).toContainEqual({ name: 'progress', data: { phase: 'teacher', fraction: 0.5 } });
  });

  it('shows the end of a feedback that ended before', async () => {
    const name = await initialise();
    const { body } = await call('POST', '/v1/feedback', { lora_id: `${name}-latest`, ...TEXT });
    const events = await eventsOf(String(body['request_id']));
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ name: 'state', data: { status: 'verified', finished: true } });
  });
});

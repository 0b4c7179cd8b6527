import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Client } from '../testing/client.js';
import { startService } from '../testing/start-service.js';
import { useService } from '../testing/use-service.js';
import { FEEDBACK_EXAMPLES } from './dto/feedback.dto.js';
import type { FeedbackAnswerDto } from './dto/feedback-answer.dto.js';
import type { FeedbackPageDto, FeedbackRecordDto } from './dto/feedback-record.dto.js';
import { initialise, TEXT, untilStatus } from './testing/feedback-over-http.js';

const api = useService();

afterEach(() => {
  api.service.engine.gate = Promise.resolve();
});

describe('POST /v1/feedback', () => {
  it('answers with everything that the Python service’s clients read, and the proof', async () => {
    const name = await initialise(api.client);
    const { status, body } = await api.client.post<FeedbackAnswerDto>('/v1/feedback', {
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
    const name = await initialise(api.client);
    const { body } = await api.client.post<FeedbackAnswerDto>('/v1/feedback', { lora_id: `${name}-latest`, ...TEXT });
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
    const name = await initialise(api.client);
    const chat = await api.client.post('/v1/chat/completions', {
      model: `${name}-latest`,
      messages: [{ role: 'user', content: 'Who are you?' }],
    });
    expect(chat.status).toBe(200);
    const { status, body } = await api.client.post('/v1/feedback', {
      lora_id: `${name}-latest`,
      completion_id: chat.body['id'],
      feedback: 'Be shorter.',
    });
    expect(body).toMatchObject({ status: 'ok', version: 1 });
    expect(status).toBe(200);
  });

  it('runs each of its own examples as it stands', async () => {
    await api.client.post('/v1/lora/init', { lora_id: 'user/my-lora' });
    for (const { value } of Object.values(FEEDBACK_EXAMPLES)) {
      expect((await api.client.post('/v1/feedback', value)).status).toBe(200);
    }
  });

  it('gives the same answer for the same idempotency key, and 409 for another body', async () => {
    const name = await initialise(api.client);
    const body = { lora_id: `${name}-latest`, ...TEXT };
    const headers = { 'idempotency-key': `key-${name}` };
    const first = await api.client.post('/v1/feedback', body, headers);
    const again = await api.client.post('/v1/feedback', body, headers);
    expect(again.body).toEqual(first.body);
    const other = await api.client.post('/v1/feedback', { ...body, feedback: 'Else.' }, headers);
    expect(other).toMatchObject({ status: 409, body: { code: 'idempotency_conflict' } });
    const versions = await api.client.get<{ versions: unknown[] }>(`/v1/lora/versions?lora_id=${name}-init`);
    expect(versions.body.versions).toHaveLength(2);
  });

  it('answers 202 at once where that is preferred', async () => {
    const name = await initialise(api.client);
    const open = api.service.engine.closeGate();
    const { status, headers, body } = await api.client.post<FeedbackRecordDto>(
      '/v1/feedback',
      { lora_id: `${name}-latest`, ...TEXT },
      { prefer: 'return=minimal, respond-async' },
    );
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/v1/feedback/${body.request_id}`);
    expect(body).toMatchObject({ status: 'queued', finished: false, lora_id: `${name}-init` });
    open();
    await untilStatus(api.client, body.request_id, 'verified');
  });

  it('goes on when the client has gone', async () => {
    const name = await initialise(api.client);
    const open = api.service.engine.closeGate();
    const leaving = new AbortController();
    const sent = fetch(`${api.service.url}/v1/feedback`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ lora_id: `${name}-latest`, ...TEXT }),
      signal: leaving.signal,
    });
    let requestId: string | undefined;
    while (requestId === undefined) {
      const page = await api.client.get<FeedbackPageDto>(`/v1/feedback?lora_id=${name}-init&status=training`);
      requestId = page.body.feedbacks[0]?.request_id;
    }
    leaving.abort();
    await expect(sent).rejects.toThrow();
    open();
    await untilStatus(api.client, requestId, 'verified');
  });

  it('says in which phase it failed and how the adapter is', async () => {
    const name = await initialise(api.client);
    vi.spyOn(api.service.engine, 'distill').mockRejectedValueOnce(new Error('Out of memory'));
    const { status, body } = await api.client.post('/v1/feedback', { lora_id: `${name}-latest`, ...TEXT });
    expect(status).toBe(500);
    expect(body).toMatchObject({ code: 'feedback_failed', phase: 'distill', feedback_status: 'failed' });
    expect(body['detail']).toBe(
      `Feedback update failed in phase 'distill': Out of memory. LoRA ${name}-init is unchanged: version 0 is its head and is served.`,
    );
    const record = await api.client.get<FeedbackRecordDto>(`/v1/feedback/${String(body['feedback_id'])}`);
    expect(record.body).toMatchObject({ status: 'failed', finished: true, error: { code: 'feedback_failed' } });
    const log = JSON.parse(readFileSync(record.body.feedback_log_path ?? '', 'utf8')) as Record<string, unknown>;
    expect(log).toMatchObject({ status: 'error', phase: 'distill', error: body['detail'] });
  });
});

describe('a service in which clients wait for one second', () => {
  it('answers 409 when the step does not begin in time, and applies the feedback all the same', async () => {
    const service = await startService({ FEEDBACK_LOCK_TIMEOUT_S: '1' });
    const client = new Client(service);
    const name = await initialise(client);
    const open = service.engine.closeGate();
    const body = { lora_id: `${name}-latest`, ...TEXT };
    const first = await client.post<FeedbackRecordDto>('/v1/feedback', body, { prefer: 'respond-async' });
    await untilStatus(client, first.body.request_id, 'training');
    const second = await client.post('/v1/feedback', body);
    expect(second).toMatchObject({ status: 409, body: { code: 'feedback_lock_timeout', feedback_status: 'queued' } });
    open();
    await untilStatus(client, String(second.body['feedback_id']), 'verified');
    await service.stop();
  });
});

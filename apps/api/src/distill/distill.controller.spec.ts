import { describe, expect, it, vi } from 'vitest';
import { readLearned } from '../feedback/testing/weights.js';
import { useService } from '../testing/use-service.js';

const api = useService();

async function post(path: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${api.service.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const LESSON = { prompt: 'Who are you?', response: 'I am Clay.', feedback: 'Be shorter.' };

describe('POST /v1/distill', () => {
  it('saves a new adapter and points the latest alias at it, leaving the first as it was', async () => {
    await post('/v1/lora/init', { lora_id: 'distill/a' });
    const { status, body } = await post('/v1/distill', { lora_id: 'distill/a-init', ...LESSON });
    expect(status).toBe(200);
    expect(body['lora_id']).toMatch(/^distill\/a-\d{8}-\d{6}$/);
    expect(body['metadata']).toMatchObject({ tokens_processed: 10, teacher_mode: 'self' });
    const created = await api.service.store.read(String(body['lora_id']));
    expect(created.manifest).toMatchObject({ version: 0, parent: null, origin: 'distill', feedbackId: null });
    expect(created.manifest.receipt).not.toBeNull();
    expect(await readLearned(created.directory)).toHaveLength(1);
    expect(await api.service.store.resolve('distill/a-latest')).toBe(body['lora_id']);
    expect(await readLearned((await api.service.store.read('distill/a-init')).directory)).toEqual([]);
  });

  it('goes on from the latest alias without growing the name', async () => {
    await post('/v1/lora/init', { lora_id: 'distill/b' });
    const first = await post('/v1/distill', { lora_id: 'distill/b-latest', ...LESSON });
    const second = await post('/v1/distill', { lora_id: 'distill/b-latest', ...LESSON });
    expect(second.body['lora_id']).toMatch(/^distill\/b-\d{8}-\d{6}(-2)?$/);
    expect(second.body['lora_id']).not.toBe(first.body['lora_id']);
    expect(await api.service.store.resolve('distill/b-latest')).toBe(second.body['lora_id']);
    expect(await readLearned((await api.service.store.read('distill/b-latest')).directory)).toHaveLength(2);
  });

  it('finds a free name for every step of the same second', async () => {
    await post('/v1/lora/init', { lora_id: 'distill/c' });
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-02-03T04:05:06Z') });
    const answers = await Promise.all(
      Array.from({ length: 3 }, () => post('/v1/distill', { lora_id: 'distill/c-init', ...LESSON })),
    ).finally(() => vi.useRealTimers());
    expect(answers.map(({ body }) => body['lora_id']).sort()).toEqual([
      'distill/c-20260203-040506',
      'distill/c-20260203-040506-2',
      'distill/c-20260203-040506-3',
    ]);
  });

  it('is answered by chat afterwards, under the alias', async () => {
    await post('/v1/lora/init', { lora_id: 'distill/d' });
    await post('/v1/distill', { lora_id: 'distill/d-init', ...LESSON });
    const chat = await post('/v1/chat/completions', {
      model: 'distill/d-latest',
      messages: [{ role: 'user', content: 'Hello' }],
    });
    expect(chat.status).toBe(200);
  });

  it('leaves nothing behind when the step fails', async () => {
    await post('/v1/lora/init', { lora_id: 'distill/e' });
    vi.spyOn(api.service.engine, 'distill').mockRejectedValueOnce(new Error('Out of memory'));
    const { status, body } = await post('/v1/distill', { lora_id: 'distill/e-init', ...LESSON });
    expect(status).toBe(500);
    expect(body['detail']).toBe(
      'Distillation failed: Out of memory. LoRA distill/e-init is unchanged, and nothing was saved.',
    );
    expect(await api.service.store.list('distill/e')).toHaveLength(1);
    expect(await api.service.store.resolve('distill/e-latest')).toBe('distill/e-init');
  });

  it.each([
    [404, 'adapter_not_found', { lora_id: 'distill/none' }],
    [422, 'adapter_id_invalid', { lora_id: '../x' }],
    [422, 'request_invalid', { orchestration: {} }],
    [422, 'rollout_logprobs_mismatch', { rollout_logprobs: [-1] }],
  ])('answers %i %s', async (status, code, change) => {
    await post('/v1/lora/init', { lora_id: 'distill/f' });
    const answer = await post('/v1/distill', { lora_id: 'distill/f-init', ...LESSON, ...change });
    expect(answer).toMatchObject({ status, body: { code } });
  });
});

import { describe, expect, it } from 'vitest';
import { useService } from '../testing/use-service.js';
import type { FeedbackPageDto } from './dto/feedback-record.dto.js';
import { initialise, TEXT } from './testing/feedback-over-http.js';

const api = useService();

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

describe('POST /v1/feedback', () => {
  it.each(BAD)('refuses %s with 422 and names %s', async (_what, field, change) => {
    const { status, body } = await api.client.post<{ code: string; errors: { field: string }[] }>('/v1/feedback', {
      lora_id: 'user/feedback-1-latest',
      ...TEXT,
      ...change,
    });
    expect(body.errors.map((error) => error.field)).toContain(field);
    expect(body.code).toBe('request_invalid');
    expect(status).toBe(422);
  });

  it('refuses the wrong number of rollout_logprobs, changing nothing', async () => {
    const name = await initialise(api.client);
    const body = { lora_id: `${name}-latest`, ...TEXT, rollout_logprobs: [-0.5, -1.2, -0.8] };
    expect(await api.client.post('/v1/feedback', body)).toMatchObject({
      status: 422,
      body: { code: 'rollout_logprobs_mismatch' },
    });
    const page = await api.client.get<FeedbackPageDto>(`/v1/feedback?lora_id=${name}-init`);
    expect(page.body.feedbacks).toEqual([]);
  });

  it.each([
    [404, 'adapter_not_found', { lora_id: 'no/such-lora' }],
    [422, 'adapter_id_invalid', { lora_id: '../../etc/passwd' }],
    [404, 'completion_not_found', { prompt: undefined, response: undefined, completion_id: 'chatcmpl-none' }],
  ])('answers %i %s', async (status, code, change) => {
    const name = await initialise(api.client);
    const answer = await api.client.post('/v1/feedback', { lora_id: `${name}-latest`, ...TEXT, ...change });
    expect(answer).toMatchObject({ status, body: { code } });
  });

  it.each(['', 'ä', 'x'.repeat(256)])('refuses the idempotency key %j', async (key) => {
    const { status } = await api.client.post('/v1/feedback', { lora_id: 'a', ...TEXT }, { 'idempotency-key': key });
    expect(status).toBe(422);
  });
});

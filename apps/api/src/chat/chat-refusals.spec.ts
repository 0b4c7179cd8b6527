import { ClaasError } from '@claas/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import { useService } from '../testing/use-service.js';

const HELLO = [{ role: 'user', content: 'What is your name?' }];

describe('a chat request', () => {
  const api = useService('user/a');

  afterEach(() => {
    api.service.serving.failure = null;
    api.service.serving.asked.length = 0;
  });

  const chat = (body: object) => api.client.post('/v1/chat/completions', { model: 'user/a', messages: HELLO, ...body });

  it.each([
    ['model_not_found', 404, { model: 'user/nobody' }],
    ['model_not_found', 404, { model: '../../etc' }],
    ['request_invalid', 422, { model: '' }],
    ['request_invalid', 422, { messages: [] }],
    ['request_invalid', 422, { messages: 'hi' }],
    ['request_invalid', 422, { messages: [{ role: 'tool', content: 'x' }] }],
    ['request_invalid', 422, { messages: [{ role: 'user', content: null }] }],
    ['request_invalid', 422, { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] }],
    ['request_invalid', 422, { n: 2 }],
    ['request_invalid', 422, { temperature: 2.5 }],
    ['request_invalid', 422, { temperature: '1' }],
    ['request_invalid', 422, { top_p: 0 }],
    ['request_invalid', 422, { max_tokens: 0 }],
    ['request_invalid', 422, { stop: ['a', 'b', 'c', 'd', 'e'] }],
    ['request_invalid', 422, { stop: '' }],
    ['request_invalid', 422, { top_logprobs: 2 }],
    ['request_invalid', 422, { logprobs: true, top_logprobs: 21 }],
    ['request_invalid', 422, { stream_options: { include_usage: true } }],
    ['request_invalid', 422, { tools: [{ type: 'function' }] }],
    ['request_invalid', 422, { response_format: { type: 'json_object' } }],
    ['request_invalid', 422, { logit_bias: { 5: 1 } }],
    ['request_invalid', 422, { presence_penalty: 0.5 }],
    ['request_invalid', 422, { chat_template_kwargs: { other: 1 } }],
    ['request_invalid', 422, { reasoning_effort: 'high' }],
  ])('is answered with %s (%d) in OpenAI’s shape to %j', async (code, expected, change) => {
    const { status, body } = await chat(change);
    expect(status).toBe(expected);
    expect(body).toMatchObject({ code, error: { type: 'invalid_request_error', code, message: expect.any(String) } });
    expect(body['error']).toHaveProperty(
      'param',
      Object.keys(change).at(-1) === 'model' ? 'model' : expect.any(String),
    );
    expect(api.service.serving.asked).toEqual([]);
  });

  it('may have the standard fields that ask for nothing', async () => {
    const neutral = {
      n: 1,
      presence_penalty: 0,
      frequency_penalty: null,
      logit_bias: {},
      tools: [],
      tool_choice: 'auto',
      parallel_tool_calls: true,
      response_format: { type: 'text' },
      modalities: ['text'],
      user: 'u',
      metadata: { a: 'b' },
      store: false,
      service_tier: 'auto',
      stop: null,
      stream: false,
    };
    expect((await chat(neutral)).status).toBe(200);
  });

  it.each([false, true])(
    'that the server refuses is answered with its status, also when streaming is %s',
    async (isStream) => {
      api.service.serving.failure = new ClaasError(
        'context_too_long',
        'The prompt has 3000 tokens; the model takes 2048.',
      );
      const { status, body } = await chat({ stream: isStream });
      expect(status).toBe(422);
      expect(body).toMatchObject({ error: { message: 'The prompt has 3000 tokens; the model takes 2048.' } });
    },
  );
});

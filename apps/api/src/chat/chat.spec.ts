import { ClaasError } from '@claas/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { InteractionRepository } from '../interactions/interaction-repository.js';
import { Client } from '../testing/client.js';
import { startService, type RunningService } from '../testing/start-service.js';

const HELLO = [{ role: 'user', content: 'What is your name?' }];

describe('chat', () => {
  let service: RunningService;
  let client: Client;

  beforeAll(async () => {
    service = await startService();
    client = new Client(service);
    await client.post('/v1/lora/init', { lora_id: 'user/a' });
  });

  afterAll(async () => {
    await service.stop();
  });

  afterEach(() => {
    service.serving.failure = null;
    service.serving.gate = Promise.resolve();
    service.serving.asked.length = 0;
  });

  const chat = (body: object) => client.post('/v1/chat/completions', { model: 'user/a', messages: HELLO, ...body });

  const stream = async (path: string, body: object): Promise<Record<string, unknown>[]> => {
    const answer = await client.post(path, { model: 'user/a', stream: true, ...body });
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const events = String(answer.body['text'])
      .split('\n\n')
      .filter((event) => event.startsWith('data: '));
    expect(events.at(-1)).toBe('data: [DONE]');
    return events.slice(0, -1).map((event) => JSON.parse(event.slice(6)) as Record<string, unknown>);
  };

  const kept = (id: string) => service.app.get(InteractionRepository, { strict: false }).find(id);

  it('answers as OpenAI does, with the head of the adapter, and keeps the exact answer', async () => {
    const { status, body } = await chat({ temperature: 0.5, seed: 3 });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-[0-9a-f]{32}$/),
      object: 'chat.completion',
      model: 'user/a',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'My name is Clay.' },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
      claas: { lora_id: 'user/a-init', version: 0, seed: 3, temperature: 0.5 },
    });
    expect(await kept(String(body['id']))).toMatchObject({
      loraId: 'user/a-init',
      version: 0,
      conversation: HELLO,
      templateOptions: { enableThinking: null },
      promptTokenIds: [1, 2, 3],
      responseTokenIds: [10, 11, 12, 13],
      samplingLogprobs: [-0.125, -0.25, -0.375, -0.5],
      temperature: 0.5,
      text: 'My name is Clay.',
    });
  });

  it('passes on how to sample, and leaves to the model what it isn’t told', async () => {
    await chat({
      temperature: 0,
      top_p: 0.9,
      top_k: -1,
      max_tokens: 5,
      max_completion_tokens: 3,
      stop: 'END',
      seed: 9,
    });
    await chat({ stop: ['a', 'b'], chat_template_kwargs: { enable_thinking: false } });
    const [first, second] = service.serving.asked.map(({ request }) => request);
    expect(first).toMatchObject({
      sampling: { temperature: 0, topP: 0.9, topK: 0, maxTokens: 3, stop: ['END'], seed: 9, topLogprobs: 0 },
    });
    expect(second).toMatchObject({
      prompt: { kind: 'messages', templateOptions: { enableThinking: false } },
      sampling: { temperature: null, topP: null, topK: null, maxTokens: null, stop: ['a', 'b'], seed: null },
    });
  });

  it('answers for the base model by its name', async () => {
    const { body } = await chat({ model: 'clay-tiny' });
    expect(body).toMatchObject({ claas: { lora_id: null, version: null } });
    expect(service.serving.asked[0]?.model).toEqual({ kind: 'base' });
    expect(await kept(String(body['id']))).toMatchObject({ loraId: null, version: null });
  });

  it('takes messages as lists of text parts, and developer as system', async () => {
    await chat({
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
          name: 'Ada',
        },
        { role: 'assistant', content: 'c', tool_calls: null, refusal: null },
        { role: 'user', content: 'd' },
      ],
    });
    expect(service.serving.asked[0]?.request.prompt).toMatchObject({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'ab' },
        { role: 'assistant', content: 'c' },
        { role: 'user', content: 'd' },
      ],
    });
  });

  it('reports log-probs and token ids when asked', async () => {
    const { body } = await chat({ logprobs: true, top_logprobs: 2, return_token_ids: true });
    expect(body).toMatchObject({
      prompt_token_ids: [1, 2, 3],
      choices: [
        {
          token_ids: [10, 11, 12, 13],
          logprobs: {
            content: [
              {
                token: 'My ',
                logprob: -0.25,
                bytes: [77, 121, 32],
                top_logprobs: [{ token: 'other0' }, { token: 'other1' }],
              },
              { token: 'name ', logprob: -0.5 },
              { token: 'is ', logprob: -0.75 },
              { token: 'Clay.', logprob: -1 },
            ],
          },
        },
      ],
    });
  });

  it('streams the same answer, and keeps it before it says that it ended', async () => {
    const chunks = await stream('/v1/chat/completions', {
      messages: HELLO,
      stream_options: { include_usage: true },
      logprobs: true,
      return_token_ids: true,
    });
    expect(chunks[0]).toMatchObject({
      object: 'chat.completion.chunk',
      choices: [{ delta: { role: 'assistant', content: '' }, finish_reason: null }],
      usage: null,
    });
    const choices = chunks.slice(1, -1).map((chunk) => (chunk['choices'] as { delta: { content?: string } }[])[0]);
    expect(choices.map((choice) => choice?.delta.content ?? '').join('')).toBe('My name is Clay.');
    expect(choices[0]).toMatchObject({ logprobs: { content: [{ token: 'My ', logprob: -0.25 }] }, token_ids: [10] });
    expect(chunks.at(-2)).toMatchObject({
      choices: [{ delta: {}, finish_reason: 'stop' }],
      prompt_token_ids: [1, 2, 3],
      claas: { version: 0 },
    });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 7 } });
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(await kept(String(chunks[0]?.['id']))).toMatchObject({ text: 'My name is Clay.' });
  });

  it('has kept a streamed answer when its last chunk arrives', async () => {
    const save = vi.spyOn(InteractionRepository.prototype, 'save').mockRejectedValueOnce(new Error('disk full'));
    const answer = await client.post('/v1/chat/completions', { model: 'user/a', messages: HELLO, stream: true });
    save.mockRestore();
    expect(answer.body['text']).not.toContain('"finish_reason":"stop"');
    expect(answer.body['text']).not.toContain('[DONE]');
    expect(answer.body['text']).toContain('"code":"internal"');
    expect(answer.body['text']).not.toContain('disk full');
  });

  it('cuts an answer at max_tokens and says so', async () => {
    const { body } = await chat({ max_tokens: 2 });
    expect(body['choices']).toMatchObject([{ message: { content: 'My name ' }, finish_reason: 'length' }]);
  });

  it('stops generating when the client goes away, whether it streams or waits', async () => {
    for (const isStream of [true, false]) {
      service.serving.gate = new Promise(() => undefined);
      const before = service.serving.cancellations;
      const abort = new AbortController();
      const request = fetch(`${service.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'user/a', messages: HELLO, stream: isStream }),
        signal: abort.signal,
      });
      if (isStream) await (await request).body?.getReader().read();
      else
        await vi.waitFor(
          () => {
            expect(service.serving.asked).toHaveLength(2);
          },
          { timeout: 20_000 },
        );
      abort.abort();
      await request.catch(() => undefined);
      await vi.waitFor(
        () => {
          expect(service.serving.cancellations).toBe(before + 1);
        },
        { timeout: 20_000 },
      );
    }
  });

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
  ])('answers %s (%d) in OpenAI’s shape to %j', async (code, expected, change) => {
    const { status, body } = await chat(change);
    expect(status).toBe(expected);
    expect(body).toMatchObject({ code, error: { type: 'invalid_request_error', code, message: expect.any(String) } });
    expect(body['error']).toHaveProperty(
      'param',
      Object.keys(change).at(-1) === 'model' ? 'model' : expect.any(String),
    );
    expect(service.serving.asked).toEqual([]);
  });

  it('accepts the standard fields that ask for nothing', async () => {
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
    'answers what the server refuses with its status, also when streaming is %s',
    async (isStream) => {
      service.serving.failure = new ClaasError('context_too_long', 'The prompt has 3000 tokens; the model takes 2048.');
      const { status, body } = await chat({ stream: isStream });
      expect(status).toBe(422);
      expect(body).toMatchObject({ error: { message: 'The prompt has 3000 tokens; the model takes 2048.' } });
    },
  );

  it('goes on from a plain prompt', async () => {
    const { status, body } = await client.post('/v1/completions', { model: 'user/a', prompt: ['Once'], logprobs: 1 });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: expect.stringMatching(/^cmpl-/),
      object: 'text_completion',
      choices: [
        {
          text: 'My name is Clay.',
          logprobs: {
            tokens: ['My ', 'name ', 'is ', 'Clay.'],
            token_logprobs: [-0.25, -0.5, -0.75, -1],
            top_logprobs: [{ other0: -1.25 }, {}, {}, {}],
            text_offset: [0, 3, 8, 11],
          },
          finish_reason: 'stop',
        },
      ],
    });
    expect(service.serving.asked[0]?.request).toMatchObject({
      prompt: { kind: 'text', text: 'Once' },
      sampling: { maxTokens: 16, topLogprobs: 1 },
    });
    expect(await kept(String(body['id']))).toMatchObject({ conversation: [{ role: 'user', content: 'Once' }] });
  });

  it('streams a plain completion in objects of the same form', async () => {
    const chunks = await stream('/v1/completions', { prompt: 'Once', logprobs: 0 });
    const choices = chunks.map((chunk) => (chunk['choices'] as { text: string }[])[0]);
    expect(choices.map((choice) => choice?.text).join('')).toBe('My name is Clay.');
    expect(choices[1]).toMatchObject({ logprobs: { tokens: ['name '], text_offset: [3], top_logprobs: null } });
    expect(chunks.at(-1)).toMatchObject({ object: 'text_completion', choices: [{ finish_reason: 'stop' }] });
  });

  it.each([
    { prompt: '' },
    { prompt: ['a', 'b'] },
    { prompt: [1, 2] },
    {},
    { prompt: 'a', echo: true },
    { prompt: 'a', best_of: 2 },
  ])('refuses the plain completion %j', async (body) => {
    expect((await client.post('/v1/completions', { model: 'user/a', ...body })).status).toBe(422);
  });

  it('lists the base model, adapters and aliases, and describes each', async () => {
    const { body } = await client.get('/v1/models');
    const ids = (body['data'] as { id: string }[]).map(({ id }) => id);
    expect(ids).toEqual(['clay-tiny', 'user/a', 'user/a-init', 'user/a-latest']);
    for (const path of ['user/a', 'user%2Fa']) {
      expect((await client.get(`/v1/models/${path}`)).body).toMatchObject({ id: 'user/a', root: 'user/a-init' });
    }
    const unknown = await client.get('/v1/models/user/b');
    expect(unknown).toMatchObject({ status: 404, body: { error: { code: 'model_not_found', param: 'model' } } });
  });

  it('scores an answer', async () => {
    const score = { model: 'user/a', messages: HELLO, completion: 'My name' };
    const { status, body } = await client.post('/v1/score', { ...score, return_token_ids: true });
    expect(status).toBe(200);
    expect(body).toEqual({
      logprobs: [-0.5, -0.5],
      tokens: ['My ', 'name'],
      prompt_tokens: 3,
      completion_tokens: 2,
      logprob_sum: -1,
      prompt_token_ids: [1, 2, 3],
      token_ids: [10, 11],
    });
    expect((await client.post('/v1/score', { ...score, completion: '' })).status).toBe(422);
    expect((await client.post('/v1/score', { ...score, model: 'x' })).status).toBe(404);
  });
});

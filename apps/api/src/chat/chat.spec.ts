import { afterEach, describe, expect, it, vi } from 'vitest';
import { InteractionRepository } from '../interactions/interaction-repository.js';
import { readStream } from '../testing/read-stream.js';
import { useService } from '../testing/use-service.js';

const HELLO = [{ role: 'user', content: 'What is your name?' }];

describe('chat', () => {
  const api = useService('user/a');

  afterEach(() => {
    api.service.serving.gate = Promise.resolve();
    api.service.serving.asked.length = 0;
  });

  const chat = (body: object) => api.client.post('/v1/chat/completions', { model: 'user/a', messages: HELLO, ...body });

  const stream = async (body: object) => readStream(await chat({ stream: true, ...body }));

  const kept = (id: string) => api.service.app.get(InteractionRepository, { strict: false }).find(id);

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
    const [first, second] = api.service.serving.asked.map(({ request }) => request);
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
    expect(api.service.serving.asked[0]?.model).toEqual({ kind: 'base' });
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
    expect(api.service.serving.asked[0]?.request.prompt).toMatchObject({
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
    const chunks = await stream({
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
    const answer = await api.client.post('/v1/chat/completions', { model: 'user/a', messages: HELLO, stream: true });
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
      api.service.serving.gate = new Promise(() => undefined);
      const before = api.service.serving.cancellations;
      const abort = new AbortController();
      const request = fetch(`${api.service.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'user/a', messages: HELLO, stream: isStream }),
        signal: abort.signal,
      });
      if (isStream) await (await request).body?.getReader().read();
      else
        await vi.waitFor(
          () => {
            expect(api.service.serving.asked).toHaveLength(2);
          },
          { timeout: 20_000 },
        );
      abort.abort();
      await request.catch(() => undefined);
      await vi.waitFor(
        () => {
          expect(api.service.serving.cancellations).toBe(before + 1);
        },
        { timeout: 20_000 },
      );
    }
  });
});

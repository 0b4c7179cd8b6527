import { afterEach, describe, expect, it } from 'vitest';
import { InteractionRepository } from '../interactions/interaction-repository.js';
import { readStream } from '../testing/read-stream.js';
import { useService } from '../testing/use-service.js';

describe('completions, models and scores', () => {
  const api = useService('user/a');

  afterEach(() => {
    api.service.serving.asked.length = 0;
  });

  it('goes on from a plain prompt', async () => {
    const { status, body } = await api.client.post('/v1/completions', {
      model: 'user/a',
      prompt: ['Once'],
      logprobs: 1,
    });
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
    expect(api.service.serving.asked[0]?.request).toMatchObject({
      prompt: { kind: 'text', text: 'Once' },
      sampling: { maxTokens: 16, topLogprobs: 1 },
    });
    expect(await api.service.app.get(InteractionRepository, { strict: false }).find(String(body['id']))).toMatchObject({
      conversation: [{ role: 'user', content: 'Once' }],
    });
  });

  it('streams a plain completion in objects of the same form', async () => {
    const chunks = readStream(
      await api.client.post('/v1/completions', { model: 'user/a', stream: true, prompt: 'Once', logprobs: 0 }),
    );
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
    expect((await api.client.post('/v1/completions', { model: 'user/a', ...body })).status).toBe(422);
  });

  it('lists the base model, adapters and aliases, and describes each', async () => {
    const { body } = await api.client.get('/v1/models');
    const ids = (body['data'] as { id: string }[]).map(({ id }) => id);
    expect(ids).toEqual(['clay-tiny', 'user/a', 'user/a-init', 'user/a-latest']);
    for (const path of ['user/a', 'user%2Fa']) {
      expect((await api.client.get(`/v1/models/${path}`)).body).toMatchObject({ id: 'user/a', root: 'user/a-init' });
    }
    const unknown = await api.client.get('/v1/models/user/b');
    expect(unknown).toMatchObject({ status: 404, body: { error: { code: 'model_not_found', param: 'model' } } });
  });

  it('scores an answer', async () => {
    const score = {
      model: 'user/a',
      messages: [{ role: 'user', content: 'What is your name?' }],
      completion: 'My name',
    };
    const { status, body } = await api.client.post('/v1/score', { ...score, return_token_ids: true });
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
    expect((await api.client.post('/v1/score', { ...score, completion: '' })).status).toBe(422);
    expect((await api.client.post('/v1/score', { ...score, model: 'x' })).status).toBe(404);
  });
});

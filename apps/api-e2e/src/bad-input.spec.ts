import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Reply } from './service/service-client.js';
import { ServiceProcess } from './service/service-process.js';

const QUESTION = 'What color is the sky?';
const text = { prompt: QUESTION, response: 'It is blue.', feedback: 'Be concise.' };
const messages = [{ role: 'user', content: QUESTION }];

let service: ServiceProcess;
let completionId: string;
beforeAll(async () => {
  service = await ServiceProcess.start();
  await service.client.init('dave/bad');
  await service.client.init('dave/other');
  completionId = (await service.client.chat('dave/bad', QUESTION)).id;
});
afterAll(() => service.stopAndRemove());

function expectProblem(reply: Reply, status: number, mentions: RegExp): void {
  expect(reply.status, reply.bytes.toString().slice(0, 300)).toBe(status);
  expect(reply.headers['content-type']).toContain('application/problem+json');
  expect(reply.body).toMatchObject({ status, title: expect.any(String), code: expect.any(String) });
  expect(reply.body.request_id).toBe(reply.headers['x-request-id']);
  expect(JSON.stringify(reply.body)).toMatch(mentions);
}

describe('feedback that can not be applied', () => {
  const cases: [string, object, number, RegExp][] = [
    ['an unknown adapter', { ...text, lora_id: 'dave/nobody' }, 404, /LoRA not found: dave\/nobody/],
    ['a path traversal', { ...text, lora_id: '../../etc/passwd' }, 422, /segment/],
    ['an absolute path', { ...text, lora_id: '/etc/passwd' }, 422, /segment/],
    ['an empty adapter id', { ...text, lora_id: '' }, 422, /lora_id/],
    [
      'an unknown completion',
      { lora_id: 'dave/bad', completion_id: 'chatcmpl-none', feedback: 'x' },
      404,
      /chatcmpl-none/,
    ],
    ['an empty feedback', { ...text, lora_id: 'dave/bad', feedback: '' }, 422, /feedback/],
    ['an empty response', { ...text, lora_id: 'dave/bad', response: '' }, 422, /response/],
    ['an empty prompt', { ...text, lora_id: 'dave/bad', prompt: '' }, 422, /prompt/],
    ['a missing prompt', { lora_id: 'dave/bad', response: 'x', feedback: 'y' }, 422, /prompt/],
    ['too few log-probs', { ...text, lora_id: 'dave/bad', rollout_logprobs: [-0.5] }, 422, /rollout_logprobs/],
    [
      'too many log-probs',
      { ...text, lora_id: 'dave/bad', rollout_logprobs: Array(99).fill(-1) },
      422,
      /rollout_logprobs/,
    ],
    ['log-probs that are text', { ...text, lora_id: 'dave/bad', rollout_logprobs: ['a'] }, 422, /rollout_logprobs/],
    ['an unknown field', { ...text, lora_id: 'dave/bad', feedbak: 'x' }, 422, /feedbak/],
    ['a misspelt setting', { ...text, lora_id: 'dave/bad', training: { learning_rat: 1e-4 } }, 422, /learning_rat/],
    [
      'a learning rate as text',
      { ...text, lora_id: 'dave/bad', training: { learning_rate: '1e-4' } },
      422,
      /learning_rate/,
    ],
    [
      'a learning rate out of bounds',
      { ...text, lora_id: 'dave/bad', training: { learning_rate: 1 } },
      422,
      /learning_rate/,
    ],
    ['an alpha out of bounds', { ...text, lora_id: 'dave/bad', training: { alpha: 1.5 } }, 422, /alpha/],
    ['too many steps', { ...text, lora_id: 'dave/bad', training: { steps: 17 } }, 422, /steps/],
    [
      'a teacher that is not there',
      { ...text, lora_id: 'dave/bad', training: { teacher_mode: 'remote' } },
      422,
      /teacher/,
    ],
    [
      'a context longer than the model',
      { ...text, lora_id: 'dave/bad', prompt: 'blue sky '.repeat(3000) },
      422,
      /2048/,
    ],
    ['a list as body', [text], 422, /object/i],
  ];
  it.each(cases)('%s', async (_, body, status, mentions) => {
    expectProblem(await service.client.post('/v1/feedback', body), status, mentions);
  });

  it("another adapter's completion", async () => {
    const body = { lora_id: 'dave/other', completion_id: completionId, feedback: 'x' };
    const reply = await service.client.post('/v1/feedback', body);
    expectProblem(reply, 422, /dave\/bad/);
  });

  it('malformed JSON, NaN and a 1 MB prompt', async () => {
    const { client } = service;
    const json = 'application/json';
    expectProblem(await client.postRaw('/v1/feedback', '{"lora_id": "dave/bad",', json), 400, /JSON/);
    const nan = JSON.stringify({ ...text, lora_id: 'dave/bad', rollout_logprobs: [0] }).replace('[0]', '[NaN]');
    expectProblem(await client.postRaw('/v1/feedback', nan, json), 400, /JSON/);
    expectProblem(
      await client.post('/v1/feedback', { ...text, lora_id: 'dave/bad', prompt: 'x'.repeat(1 << 20) }),
      413,
      /CLAAS_/,
    );
  });

  it('leaves the adapter as it was, and nothing in the list', async () => {
    const versions = await service.client.get('/v1/lora/versions?lora_id=dave/bad');
    expect(versions.body.versions.map(({ version }: { version: number }) => version)).toEqual([0]);
    expect((await service.client.get('/v1/feedback?lora_id=dave/bad')).body.feedbacks).toEqual([]);
  });
});

describe('ids that would leave the root', () => {
  const ids = [
    '../x',
    'a/../../x',
    '/abs',
    'a//b',
    './a',
    'a/./b',
    '.hidden',
    'a/b/c/d/e',
    'a\\b',
    'ü',
    'a b',
    'x'.repeat(201),
  ];
  const encoded = ids.map((id) => [id, encodeURIComponent(id)] as const);

  it.each(encoded)('%s is refused in every endpoint that takes one', async (id, inPath) => {
    const { client } = service;
    const replies = await Promise.all([
      client.post('/v1/lora/init', { lora_id: id }),
      client.get(`/v1/lora/versions?lora_id=${inPath}`),
      client.post('/v1/lora/rollback', { lora_id: id, version: 0 }),
      client.get(`/v1/lora/export?lora_id=${inPath}`),
      client.delete(`/v1/lora?lora_id=${inPath}`),
      client.post('/v1/feedback', { ...text, lora_id: id }),
      client.post('/v1/distill', { ...text, lora_id: id }),
      client.postRaw(`/v1/lora/import?lora_id=${inPath}`, Buffer.from('PK'), 'application/zip'),
    ]);
    for (const reply of replies) expectProblem(reply, 422, /lora_id|adapter id/i);
  });
});

describe('other endpoints', () => {
  const cases: [string, string, object, number, RegExp][] = [
    ['a rank out of bounds', '/v1/lora/init', { lora_id: 'dave/r', lora_r: 3 }, 422, /lora_r/],
    ['an alpha out of bounds', '/v1/lora/init', { lora_id: 'dave/r', lora_alpha: 300 }, 422, /lora_alpha/],
    ['an unknown module', '/v1/lora/init', { lora_id: 'dave/r', target_modules: ['lm_head'] }, 422, /lm_head/],
    ['no module at all', '/v1/lora/init', { lora_id: 'dave/r', target_modules: [] }, 422, /target_modules/],
    [
      'a base model that is not allowed',
      '/v1/lora/init',
      { lora_id: 'dave/r', base_model: 'evil/model' },
      403,
      /evil\/model/,
    ],
    ['an adapter that exists', '/v1/lora/init', { lora_id: 'dave/bad' }, 409, /dave\/bad-init/],
    ['a version that was never there', '/v1/lora/rollback', { lora_id: 'dave/bad', version: 7 }, 404, /7/],
    ['a step on nothing', '/v1/distill', { ...text, lora_id: 'dave/nobody' }, 404, /LoRA not found/],
  ];
  it.each(cases)('%s', async (_, path, body, status, mentions) => {
    expectProblem(await service.client.post(path, body), status, mentions);
  });

  it('an unknown path and a wrong method', async () => {
    expectProblem(await service.client.get('/v1/nothing'), 404, /v1\/nothing/);
    expect((await service.client.delete('/v1/feedback')).status).toBe(405);
  });

  it.each([
    ['no messages', { messages: [] }],
    ['a negative temperature', { messages, temperature: -1 }],
    ['a top_p above 1', { messages, top_p: 1.5 }],
    ['several choices', { messages, n: 2 }],
    ['a message without content', { messages: [{ role: 'user' }] }],
    ['tools, which this model can not use', { messages, tools: [{ type: 'function', function: { name: 'x' } }] }],
    ['a context longer than the model', { messages: [{ role: 'user', content: 'blue sky '.repeat(3000) }] }],
  ])('chat with %s', async (_, body) => {
    const reply = await service.client.post('/v1/chat/completions', { model: 'dave/bad', ...body });
    expect(reply.status).toBeGreaterThanOrEqual(400);
    expect(reply.status).toBeLessThan(500);
    expect(reply.body.error).toMatchObject({ message: expect.any(String), type: expect.any(String) });
  });
});

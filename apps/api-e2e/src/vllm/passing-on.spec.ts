import type { VllmDouble } from '@claas/contracts/testing/vllm';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ServiceClient } from '../service/service-client.js';
import { ServiceProcess } from '../service/service-process.js';
import { settingsFor, VllmServers } from './vllm-servers.js';

const KEY = 'a key of the server';
const MESSAGES = [{ role: 'user', content: 'What is the capital of France? 😀' }];
const SAMPLED = { messages: MESSAGES, temperature: 1, seed: 3, max_tokens: 12 };

let servers: VllmServers;
let double: VllmDouble;
let service: ServiceProcess;

beforeAll(async () => {
  servers = await VllmServers.create();
  double = await servers.start({ apiKey: KEY });
  service = await ServiceProcess.start({
    ...settingsFor(double),
    VLLM_API_KEY: KEY,
    CLAAS_VLLM_ASLEEP_TIMEOUT_S: '2',
  });
  await service.client.init('me/first');
});
afterEach(() => {
  double.faults.clear();
});
afterAll(async () => {
  await service.stopAndRemove();
  await servers.close();
});

/** The bytes of an answer, without what differs between two answers: its id and its time. */
async function bytes(baseUrl: string, path: string, body: object): Promise<{ status: number; text: string }> {
  const response = await fetch(`${baseUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
    body: JSON.stringify(body),
  });
  const text = (await response.text()).replace(/"id":"[^"]+"/g, '"id":""').replace(/"created":\d+/g, '"created":0');
  return { status: response.status, text };
}

/** What the server itself says to the same request under its own name of the adapter, with the client's name in it. */
async function direct(path: string, model: string, body: object): Promise<{ status: number; text: string }> {
  const name = model === 'clay-tiny' ? model : (double.adapters[0]?.name ?? '');
  const answer = await bytes(double.url, path, { ...body, model: name });
  return { ...answer, text: answer.text.replaceAll(name, model) };
}

describe('a completion is passed on byte for byte', () => {
  it.each([
    ['a chat', '/v1/chat/completions', SAMPLED],
    ['a stream', '/v1/chat/completions', { ...SAMPLED, stream: true, stream_options: { include_usage: true } }],
    ['log-probs', '/v1/chat/completions', { ...SAMPLED, logprobs: true, top_logprobs: 3 }],
    ['a stream with log-probs', '/v1/chat/completions', { ...SAMPLED, stream: true, logprobs: true }],
    ['token ids', '/v1/chat/completions', { ...SAMPLED, return_token_ids: true }],
    ['a stream with token ids', '/v1/chat/completions', { ...SAMPLED, stream: true, return_token_ids: true }],
    ['fields unknown here', '/v1/chat/completions', { ...SAMPLED, tools: [], min_p: 0.1, whatever: { deep: [1] } }],
    ['a plain completion', '/v1/completions', { prompt: 'Paris is', temperature: 0, max_tokens: 6 }],
    ['its stream', '/v1/completions', { prompt: 'Paris is', temperature: 0, max_tokens: 6, stream: true }],
    ['its log-probs', '/v1/completions', { prompt: 'Paris is', temperature: 0, max_tokens: 6, logprobs: 2 }],
    ['token ids as a prompt', '/v1/completions', { prompt: [5, 6, 7], temperature: 0, max_tokens: 4 }],
    [
      'log-probs of the prompt',
      '/v1/completions',
      { prompt: 'Paris', max_tokens: 1, temperature: 0, prompt_logprobs: 1 },
    ],
    ['a refusal', '/v1/chat/completions', { ...SAMPLED, top_logprobs: 2 }],
    ['too long a prompt', '/v1/completions', { prompt: 'a b '.repeat(2000), max_tokens: 1 }],
    ['a request without messages', '/v1/chat/completions', {}],
  ])('%s', async (_what, path, body) => {
    for (const model of ['me/first', 'clay-tiny']) {
      const through = await bytes(service.url, path, { ...body, model });
      expect(through).toEqual(await direct(path, model, body));
    }
  });

  it('with headers that say who answered', async () => {
    const { headers } = await service.client.post('/v1/chat/completions', { ...SAMPLED, model: 'me/first-latest' });
    expect(headers).toMatchObject({ 'x-claas-lora-id': 'me/first-init', 'x-claas-version': '0' });
  });
});

describe('what was sampled', () => {
  it('is kept under the completion’s id: feedback learns from its exact tokens', async () => {
    for (const stream of [false, true]) {
      const api = new OpenAI({ baseURL: `${service.url}/v1`, apiKey: 'none', maxRetries: 0 });
      const request = { model: 'me/first', ...SAMPLED, messages: [{ role: 'user' as const, content: 'Hello!' }] };
      let id = '';
      if (stream) for await (const chunk of await api.chat.completions.create({ ...request, stream })) ({ id } = chunk);
      else ({ id } = await api.chat.completions.create(request));
      const feedback = { lora_id: 'me/first', completion_id: id, feedback: 'Be brief.' };
      const { status, body } = await service.client.post('/v1/feedback', feedback);
      expect(status).toBe(200);
      expect(body.distill_result.metadata.tokens_processed).toBe(12);
      // The sampled log-probs are the trainer's own.
      expect(body.receipt.mean_importance_ratio).toBeCloseTo(1, 4);
      expect(body.vllm).toEqual({ slept: true, woke: true, published: true, verified: true });
      expect(body.receipt.verified.max_difference).toBeLessThan(1e-3);
    }
  });

  it('has no log-probs at another temperature than 0 and 1, and is learned all the same', async () => {
    const { body } = await service.client.post('/v1/chat/completions', {
      ...SAMPLED,
      model: 'me/first',
      temperature: 0.7,
    });
    const feedback = { lora_id: 'me/first', completion_id: body.id, feedback: 'Be brief.' };
    const reply = await service.client.post('/v1/feedback', feedback);
    expect(reply.body.receipt.mean_importance_ratio).toBe(1);
  });
});

describe('the server’s administration', () => {
  const PATHS = ['/sleep', '/wake_up', '/is_sleeping', '/collective_rpc', '/tokenize', '/v1/load_lora_adapter'];
  const TRICKS = [
    '/v1/../sleep',
    '/v1/chat/../../sleep',
    '/v1/chat/completions/../../../sleep',
    '/%2e%2e/sleep',
    '//sleep',
  ];

  it('is not reached by any path', async () => {
    const before = double.calls.length;
    for (const path of [...PATHS, '/v1/unload_lora_adapter', '/v1/vllm/sleep', '/reset_prefix_cache', ...TRICKS]) {
      const { status } = await service.client.post(path, { level: 1, lora_name: 'x', lora_path: '/etc' });
      expect([400, 404]).toContain(status);
    }
    expect(double.calls.slice(before)).toEqual([]);
  });
});

describe('a server that is not there for a moment', () => {
  it('that forgot its adapters when it was started again answers with the version that is published', async () => {
    const before = await service.client.chat('me/first', 'What is your name?', { temperature: 0 });
    await double.restart();
    const after = await service.client.chat('me/first', 'What is your name?', { temperature: 0 });
    expect(after.choices).toEqual(before.choices);
  });

  it('is not needed for a new adapter', async () => {
    double.die();
    expect(await service.client.init('made/meanwhile')).toBe('made/meanwhile-init');
    await double.restart();
    expect((await service.client.chat('made/meanwhile', 'Hello', { max_completion_tokens: 2 })).model).toBe(
      'made/meanwhile',
    );
  });

  it('is waited for', async () => {
    double.die();
    const answer = service.client.chat('me/first', 'What is your name?', { max_completion_tokens: 2 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    await double.restart();
    expect((await answer).model).toBe('me/first');
  });

  it('gives an error of this service when it fails, and one with words for a wrong key', async () => {
    double.faults.set('chat_completions', { kind: 'fail', status: 500, times: 1 });
    const failed = await service.client.post('/v1/chat/completions', { ...SAMPLED, model: 'me/first' });
    expect(failed.status).toBe(502);
    expect(failed.body).toMatchObject({ code: 'serving_failed', error: { type: 'server_error' } });
    double.faults.set('chat_completions', { kind: 'fail', status: 401, body: 'Unauthorized', times: 1 });
    const refused = await service.client.post('/v1/chat/completions', { ...SAMPLED, model: 'me/first' });
    expect(refused.status).toBe(502);
    expect(refused.body.detail).toContain('VLLM_API_KEY');
  });

  it('ends a stream that breaks with an event that says so', async () => {
    double.faults.set('chat_completions', { kind: 'reset', when: 'after', times: 1 });
    const { text } = await bytes(service.url, '/v1/chat/completions', { ...SAMPLED, model: 'me/first', stream: true });
    const events = text.split('\n\n').filter((event) => event !== '');
    expect(events.length).toBeGreaterThan(1);
    expect(JSON.parse(events.at(-1)!.slice('data: '.length))).toMatchObject({ code: 'serving_failed' });
  });
});

describe('a request for what is not there', () => {
  it.each([
    [{ model: 'nobody/knows' }, 404, 'model_not_found'],
    [{ model: '../../etc' }, 404, 'model_not_found'],
    [{ model: 7 }, 422, 'request_invalid'],
    [{}, 422, 'request_invalid'],
  ])('%j is refused here', async (body, status, code) => {
    const before = double.calls.filter(({ call }) => call === 'chat_completions').length;
    const reply = await service.client.post('/v1/chat/completions', { ...SAMPLED, ...body });
    expect([reply.status, reply.body.code]).toEqual([status, code]);
    expect(double.calls.filter(({ call }) => call === 'chat_completions')).toHaveLength(before);
  });

  it('as is a body that is no JSON', async () => {
    const reply = await service.client.postRaw('/v1/chat/completions', '{"model": ', 'application/json');
    expect([reply.status, reply.body.code]).toEqual([400, 'request_malformed']);
  });
});

describe('a client that goes away', () => {
  it('ends its answer at the server', async () => {
    const controller = new AbortController();
    const body = JSON.stringify({
      model: 'clay-tiny',
      prompt: 'Once upon a time',
      max_tokens: 400,
      stream: true,
      temperature: 1,
    });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${service.url}/v1/completions`, {
      method: 'POST',
      headers,
      body,
      signal: controller.signal,
    });
    await response.body!.getReader().read();
    expect(double.runningRequests).toBe(1);
    controller.abort();
    const deadline = Date.now() + 60_000;
    while (double.runningRequests > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(double.runningRequests).toBe(0);
  });
});

describe('while the server sleeps for a step', () => {
  it('requests wait here, and are refused with the time to come back when it lasts too long', async () => {
    // The step's wake never comes, so that the server stays asleep.
    const { body: answer } = await service.client.post('/v1/chat/completions', { ...SAMPLED, model: 'me/first' });
    double.faults.set('wake_up', { kind: 'fail', status: 503 });
    const feedback = service.client.post('/v1/feedback', {
      lora_id: 'me/first',
      completion_id: answer.id,
      feedback: 'No.',
    });
    while (!double.isSleeping) await new Promise((resolve) => setTimeout(resolve, 5));
    const before = double.calls.length;
    const other = new ServiceClient(service.url);
    const refused = await other.post('/v1/chat/completions', { ...SAMPLED, model: 'clay-tiny' });
    expect([refused.status, refused.body.code]).toEqual([503, 'service_overloaded']);
    expect(refused.headers['retry-after']).toBe('2');
    expect(double.calls.slice(before).some(({ call }) => call === 'chat_completions')).toBe(false);

    const waiting = other.post('/v1/chat/completions', { ...SAMPLED, model: 'me/first' });
    double.faults.clear();
    const outcome = await feedback;
    expect((await waiting).status).toBe(200);
    const served = await other.post('/v1/chat/completions', { ...SAMPLED, model: 'me/first' });
    const { details } = (await other.get('/v1/lora?detail=true&prefix=me/')).body;
    expect(details).toHaveLength(1);
    const [{ version }] = details;
    expect(served.headers['x-claas-version']).toBe(String(version));
    expect([200, 502]).toContain(outcome.status);
  });
});

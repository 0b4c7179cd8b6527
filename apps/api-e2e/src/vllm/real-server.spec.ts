import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServiceProcess } from '../service/service-process.js';

const { VLLM_TEST_URL: url = '', VLLM_TEST_API_KEY: apiKey = '', VLLM_TEST_DTYPE: dtype = 'float32' } = process.env;
const NOT_RUN =
  'NOT RUN against a real vLLM server: VLLM_TEST_URL is not set. `npx nx start @claas/vllm-cpu` starts one on this CPU.';
const QUESTION = 'What is the capital of France?';
const LIMIT_MS = 600_000;
const CHAT = { messages: [{ role: 'user', content: `${QUESTION} 😀` }], temperature: 0, max_tokens: 8 };

if (url === '') console.warn(`\n*** ${NOT_RUN} ***\n`);

/** A whole cycle through the API, as a person does it: nothing but HTTP to the service, and a real server behind it. */
describe.skipIf(url === '')(url === '' ? NOT_RUN : `the API in front of the real vLLM server at ${url}`, () => {
  let service: ServiceProcess;
  const loraId = `real/run-${process.pid}`;

  beforeAll(async () => {
    service = await ServiceProcess.start({
      VLLM_BASE_URL: url,
      ...(apiKey !== '' && { VLLM_API_KEY: apiKey }),
      CLAAS_VLLM_DTYPE: dtype,
      CLAAS_VLLM_SCORES_ALONE: 'yes',
      FEEDBACK_MIN_FREE_VRAM_GB: '0',
    });
  }, LIMIT_MS);
  afterAll(() => service.stopAndRemove());

  const chat = (changes: object = {}) =>
    service.client.post('/v1/chat/completions', {
      model: loraId,
      messages: [{ role: 'user', content: QUESTION }],
      temperature: 0,
      max_tokens: 64,
      ...changes,
    });

  it(
    'init, chat, two feedbacks with sleep and verification, chat: each answer comes from the version that was trained',
    async () => {
      const real = await service.client.init(loraId);
      const table: object[] = [];
      let version = 0;
      for (const sleep_level of [1, 2]) {
        const before = await chat({ stream: sleep_level === 2, temperature: 1, seed: sleep_level });
        expect(before.status).toBe(200);
        expect(before.headers['x-claas-version']).toBe(String(version));
        const completion_id = sleep_level === 2 ? /"id":"([^"]+)"/.exec(before.bytes.toString())?.[1] : before.body.id;
        const { status, body } = await service.client.post('/v1/feedback', {
          lora_id: loraId,
          completion_id,
          feedback: "Don't use emojis.",
          training: { learning_rate: 1e-3, steps: 2 },
          orchestration: { sleep_level },
        });
        expect(status, JSON.stringify(body)).toBe(200);
        version += 1;
        expect(body).toMatchObject({ version, vllm: { slept: true, woke: true, published: true, verified: true } });
        const { receipt, timing_ms } = body;
        // What the server sampled is what the trainer finds again.
        expect(Math.abs(receipt.mean_importance_ratio - 1)).toBeLessThan(dtype === 'float32' ? 1e-3 : 0.2);
        expect(receipt.gap_after).toBeLessThan(receipt.gap_before);
        const { mean_importance_ratio, response_logprob_before, response_logprob_after, verified } = receipt;
        table.push({
          version,
          sleep_level,
          ...verified,
          mean_importance_ratio,
          response_logprob_before,
          response_logprob_after,
          ...timing_ms,
        });
      }
      const after = await chat();
      expect(after.headers).toMatchObject({ 'x-claas-lora-id': real, 'x-claas-version': String(version) });
      expect(after.body.model).toBe(loraId);
      console.info('Through the API, against the real server:', table);
      await service.client.delete(`/v1/lora?lora_id=${real}`);
    },
    LIMIT_MS,
  );

  it(
    'tools, several choices and log-probs come from the server as it gives them',
    async () => {
      const { status, body } = await chat({
        model: 'clay-tiny',
        n: 2,
        temperature: 1,
        logprobs: true,
        top_logprobs: 2,
        max_tokens: 4,
      });
      expect(status).toBe(200);
      expect(body.choices).toHaveLength(2);
      expect(body.choices[0].logprobs.content[0].top_logprobs).toHaveLength(2);
      expect(body.choices[0].token_ids).toBeNull();
      const refused = await chat({ model: 'clay-tiny', temperature: -1 });
      expect(refused.status).toBe(400);
      expect(refused.body.error.message).toContain('temperature');
      const unknown = await chat({ model: 'nobody/knows' });
      expect(unknown.status).toBe(404);
    },
    LIMIT_MS,
  );

  it.each([
    ['a chat', '/v1/chat/completions', CHAT],
    ['a stream', '/v1/chat/completions', { ...CHAT, stream: true, stream_options: { include_usage: true } }],
    ['log-probs', '/v1/chat/completions', { ...CHAT, logprobs: true, top_logprobs: 2 }],
    ['a stream with token ids', '/v1/chat/completions', { ...CHAT, stream: true, return_token_ids: true }],
    ['a plain completion', '/v1/completions', { prompt: 'Paris is', temperature: 0, max_tokens: 5 }],
    ['its stream', '/v1/completions', { prompt: 'Paris is', temperature: 0, max_tokens: 5, stream: true }],
    ['a refusal', '/v1/chat/completions', { ...CHAT, top_p: 7 }],
  ])('%s has the server’s own bytes', async (_what, path, body) => {
    const ask = async (baseUrl: string): Promise<string> => {
      const response = await fetch(`${baseUrl}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
        body: JSON.stringify({ ...body, model: 'clay-tiny' }),
      });
      return (await response.text()).replace(/"id":"[^"]+"/g, '"id":""').replace(/"created":\d+/g, '"created":0');
    };
    const [through, direct] = [await ask(service.url), await ask(url)];
    // The last digits of a log-prob depend on the batch.
    const rounded = (text: string): string => text.replace(/-?\d+\.\d+(e-?\d+)?/g, (n) => Number(n).toFixed(3));
    expect(rounded(through)).toBe(rounded(direct));
    expect(through.length).toBeGreaterThan(50);
  });
});

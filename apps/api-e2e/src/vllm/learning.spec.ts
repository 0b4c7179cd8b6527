import { readFileSync } from 'node:fs';
import type { VllmDouble } from '@claas/contracts/testing/vllm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Reply } from '../service/service-client.js';
import { ServiceProcess } from '../service/service-process.js';
import { settingsFor, VllmServers } from './vllm-servers.js';

const PROMPT = 'What color is the sky?';
const RESPONSE = 'The sky is blue! 😊';

let servers: VllmServers;
let double: VllmDouble;
let service: ServiceProcess;

beforeAll(async () => {
  servers = await VllmServers.create();
  double = await servers.start();
  service = await ServiceProcess.start(settingsFor(double));
});
afterEach(() => {
  double.faults.clear();
});
afterAll(async () => {
  await service.stopAndRemove();
  await servers.close();
});

/** Of the answer under the adapter, as the server itself tells them. */
async function logprobs(loraId: string): Promise<number[]> {
  const messages = [{ role: 'user', content: PROMPT }];
  const { body } = await service.client.post('/v1/score', { model: loraId, messages, completion: RESPONSE });
  return body.logprobs;
}

const learn = (loraId: string, changes: object = {}): Promise<Reply> =>
  service.client.post('/v1/feedback', {
    lora_id: loraId,
    prompt: PROMPT,
    response: RESPONSE,
    feedback: "Don't use emojis.",
    training: { learning_rate: 3e-3, steps: 2 },
    ...changes,
  });

describe('a feedback behind a vLLM server', () => {
  it('sleeps, learns, wakes, loads the new version beside the old one, checks it, and forgets the old one', async () => {
    const loraId = await service.client.init('order/of-calls');
    await service.client.chat(loraId, PROMPT, { max_completion_tokens: 1 });
    const before = double.orders().length;
    const { status, body } = await learn(loraId);
    expect(status).toBe(200);
    expect(body.vllm).toEqual({ slept: true, woke: true, published: true, verified: true });
    expect(body.receipt.verified.max_difference).toBeLessThan(body.receipt.verified.tolerance);
    expect(body.timing_ms.distill).toBeGreaterThan(0);
    await expect.poll(() => double.orders().slice(before).at(-1), { timeout: 20_000 }).toBe('unload');
    // Verified: under the new version and, to see that it is another one, under the one before.
    expect(double.orders().slice(before)).toEqual(['sleep', 'wake_up', 'load', 'completions', 'completions', 'unload']);
    expect(double.adapters.filter(({ name }) => name.startsWith('order~of-calls-init@'))).toEqual([
      { name: expect.stringContaining('@v1.'), path: expect.stringContaining(service.loraRoot) },
    ]);
  });

  it('is taken back when the server answers with other weights than were trained, and the previous version is served', async () => {
    const loraId = await service.client.init('mixed/up');
    expect((await learn(loraId)).status).toBe(200);
    const before = await logprobs(loraId);
    double.mixUpNextLoad();
    const { status, body } = await learn(loraId, { feedback: 'Shout!', training: { learning_rate: 1e-2, steps: 2 } });
    expect(status).toBe(502);
    expect(body.code).toBe('verification_failed');
    expect(body.detail).toContain('at version 1 again, which is served again');
    expect(await logprobs(loraId)).toEqual(before);
    const { body: versions } = await service.client.get(`/v1/lora/versions?lora_id=${loraId}`);
    const head = versions.versions.find(({ is_head }: { is_head: boolean }) => is_head);
    expect(head.version).toBe(1);
    expect((await learn(loraId)).body).toMatchObject({ status: 'ok', version: 3 });
  });

  it('answers with the same version after the service was killed and started again', async () => {
    const loraId = await service.client.init('after/kill');
    await learn(loraId);
    const before = await logprobs(loraId);
    await service.kill();
    await service.restart();
    expect(await logprobs(loraId)).toEqual(before);
    const { headers } = await service.client.post('/v1/completions', { model: loraId, prompt: 'a', max_tokens: 1 });
    expect(headers['x-claas-version']).toBe('1');
  });
});

/** Request bodies as clients of the Python service send them, and the parts of its responses that they read. */
describe('a client of the Python service', () => {
  const TRAINING = {
    learning_rate: 1e-4,
    alpha: 0.5,
    is_clip: 5.0,
    max_grad_norm: 1.0,
    kl_reg_weight: 0.001,
    teacher_top_k: 100,
    teacher_mode: 'self',
  };

  beforeAll(async () => {
    const body = { lora_id: 'user/my-lora', base_model: 'clay-tiny', lora_r: 32, lora_alpha: 64, target_modules: null };
    const { status, body: answer } = await service.client.post('/v1/lora/init', body);
    expect([status, answer]).toEqual([200, { lora_id: 'user/my-lora-init' }]);
  });

  it.each([
    ['everything it can say', { rollout_logprobs: null, training: TRAINING }],
    ['as little as it may', {}],
  ])('gives feedback with %s', async (_what, changes) => {
    const { status, body } = await service.client.post('/v1/feedback', {
      lora_id: 'user/my-lora-latest',
      prompt: PROMPT,
      response: RESPONSE,
      feedback: 'Good answer',
      orchestration: { sleep_before: true, wake_after: true, wake_on_failure: true, sleep_level: 1 },
      ...changes,
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'ok', lora_id: 'user/my-lora-init' });
    expect(body.request_id).toMatch(/^[0-9a-f]{32}$/);
    expect(body.vllm).toMatchObject({ slept: true, woke: true });
    for (const key of ['sleep', 'distill', 'save', 'wake', 'logprobs', 'total']) {
      expect(Number.isInteger(body.timing_ms[key]), key).toBe(true);
    }
    const { metadata, lora_id: learned } = body.distill_result;
    expect(learned).toBe('user/my-lora-init');
    const numbers = ['total_loss', 'distill_loss', 'kl_reg', 'mean_is_ratio', 'clip_fraction', 'grad_norm'];
    for (const key of [...numbers, 'tokens_processed']) expect(Number.isFinite(metadata[key]), key).toBe(true);
    expect(metadata.teacher_mode).toBe('self');

    const log = JSON.parse(readFileSync(body.feedback_log_path, 'utf8'));
    expect(body.feedback_log_path).toMatch(new RegExp(`/\\d{8}T\\d{6}-${body.request_id}\\.json$`));
    expect(log).toMatchObject({
      request_id: body.request_id,
      status: 'ok',
      lora_id: 'user/my-lora-latest',
      teacher_mode: 'self',
      vllm: { slept: true, woke: true },
      error: null,
    });
    expect(log.timestamp_utc).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(log.distill_result.metadata).toEqual(metadata);
  });

  it('distils one step into a new adapter', async () => {
    const body = {
      lora_id: 'user/my-lora-init',
      prompt: PROMPT,
      response: RESPONSE,
      feedback: 'Good',
      training: TRAINING,
    };
    const { status, body: answer } = await service.client.post('/v1/distill', { ...body, rollout_logprobs: null });
    expect(status).toBe(200);
    expect(answer.lora_id).toMatch(/^user\/my-lora-\d{8}-\d{6}/);
    expect(Number.isFinite(answer.metadata.total_loss)).toBe(true);
  });

  it('lists and exports, and reads what is wrong', async () => {
    const { body: list } = await service.client.get('/v1/lora?prefix=user/');
    expect(list.loras).toEqual(expect.arrayContaining(['user/my-lora-init', 'user/my-lora-latest']));
    const archive = await service.client.get('/v1/lora/export?lora_id=user/my-lora-latest');
    expect([archive.status, archive.headers['content-type']]).toEqual([200, 'application/zip']);
    expect((await service.client.get('/v1/health')).body.status).toBe('healthy');
    const missing = await service.client.post('/v1/feedback', {
      lora_id: 'user/nobody',
      prompt: PROMPT,
      response: RESPONSE,
      feedback: 'x',
    });
    expect([missing.status, missing.body.detail]).toEqual([
      404,
      expect.stringContaining('LoRA not found: user/nobody'),
    ]);
  });

  it('of a later version, that sends several feedbacks in one request, is told which field is not known here', async () => {
    const one = { lora_id: 'user/my-lora-init', prompt: PROMPT, response: RESPONSE, feedback: 'x' };
    const { status, body } = await service.client.post('/v1/feedback', { requests: [one] });
    expect([status, body.code]).toEqual([422, 'request_invalid']);
    expect(body.errors.map(({ field }: { field: string }) => field)).toContain('requests');
  });
});

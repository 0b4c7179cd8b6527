import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { PlainBackend } from './plain-backend.js';
import { VllmDouble } from './vllm-double.js';
import type { VllmDoubleOptions } from './vllm-double.js';
import { VLLM_PROFILES } from './vllm-profile.js';
import type { VllmRelease } from './vllm-profile.js';

const RELEASES = Object.keys(VLLM_PROFILES) as VllmRelease[];
const JSON_BODY = { 'content-type': 'application/json' };

let root: string;
let backend: PlainBackend;
const open: VllmDouble[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'vllm-double-spec-'));
});
afterEach(async () => {
  for (const double of open.splice(0)) await double.close();
});
afterAll(() => rm(root, { recursive: true }));

async function start(options: Partial<VllmDoubleOptions> = {}): Promise<VllmDouble> {
  backend = new PlainBackend();
  const double = await VllmDouble.start({ backend, baseModelName: 'base', ...options });
  open.push(double);
  return double;
}

async function adapter(name: string, changes: Record<string, unknown> = {}): Promise<string> {
  const directory = join(root, name);
  await mkdir(directory, { recursive: true });
  const config = { r: 8, lora_alpha: 16, target_modules: ['q_proj'], ...changes };
  await writeFile(join(directory, 'adapter_config.json'), JSON.stringify(config));
  await writeFile(join(directory, 'adapter_model.safetensors'), name);
  return directory;
}

interface Answer {
  readonly choices: {
    readonly finish_reason: string;
    readonly token_ids: number[];
    readonly prompt_token_ids: number[] | null;
    readonly prompt_logprobs: (object | null)[];
    readonly logprobs: { readonly token_logprobs: number[] };
  }[];
  readonly data: object[];
  readonly error: object;
  readonly usage?: object;
}

async function ask(double: VllmDouble, method: string, path: string, body?: unknown, headers: object = {}) {
  const response = await fetch(double.url + path, {
    method,
    headers: { ...JSON_BODY, ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, text, json: () => JSON.parse(text) as Answer };
}

const load = (double: VllmDouble, lora_name: string, lora_path: string) =>
  ask(double, 'POST', '/v1/load_lora_adapter', { lora_name, lora_path });
const complete = (double: VllmDouble, body: object = {}) =>
  ask(double, 'POST', '/v1/completions', { model: 'base', prompt: [1, 2], logprobs: 0, ...body });

describe.each(RELEASES)('the double of vLLM %s', (release) => {
  it('answers orders to sleep and wake in the release’s shape', async () => {
    const double = await start({ release });
    const isJson = VLLM_PROFILES[release].answersSleepWithJson;
    expect((await ask(double, 'POST', '/sleep?level=1')).text).toBe(isJson ? '{"status":"sleeping","level":1}' : '');
    expect((await ask(double, 'GET', '/is_sleeping')).json()).toEqual({ is_sleeping: true });
    expect((await ask(double, 'GET', '/health')).status).toBe(200);
    expect((await ask(double, 'GET', '/metrics')).text).toMatch(/engine_sleep_state\{.*weights_offloaded"\} 1\.0/);
    expect((await ask(double, 'POST', '/wake_up')).text).toBe(isJson ? '{"status":"awake","tags":null}' : '');
  });

  it('keeps what it read at load, and tells it with its path', async () => {
    const double = await start({ release });
    const path = await adapter('kept');
    expect(await load(double, 'x', path)).toMatchObject({
      status: 200,
      text: "Success: LoRA adapter 'x' added successfully.",
    });
    expect((await load(double, 'x', path)).text).toContain('has already been loaded');
    await rm(path, { recursive: true });
    expect((await complete(double, { model: 'x' })).status).toBe(200);
    const { data } = (await ask(double, 'GET', '/v1/models')).json();
    expect(data.at(-1)).toMatchObject({ id: 'x', root: path, parent: 'base', max_model_len: null });
    const unload = { lora_name: 'x' };
    expect((await ask(double, 'POST', '/v1/unload_lora_adapter', unload)).text).toContain('removed successfully');
    expect((await ask(double, 'POST', '/v1/unload_lora_adapter', unload)).status).toBe(404);
    expect((await complete(double, { model: 'x' })).json().error).toMatchObject({ code: 404, param: 'model' });
  });

  it('refuses what it can’t load', async () => {
    const double = await start({ release, maxLoraRank: 8 });
    const { badAdapterStatus } = VLLM_PROFILES[release];
    expect((await load(double, 'x', join(root, 'nothing'))).status).toBe(404);
    expect((await load(double, '', '')).status).toBe(400);
    for (const changes of [{ r: 16 }, { use_dora: true }, { modules_to_save: ['lm_head'] }, { r: undefined }]) {
      expect((await load(double, 'x', await adapter('bad', changes))).status).toBe(badAdapterStatus);
    }
    expect(double.adapters).toEqual([]);
  });

  it('answers a name that was loaded again from its old prefix cache, unless the release knows better', async () => {
    const double = await start({ release });
    const answer = async () => (await complete(double, { model: 'x' })).json().choices[0]?.logprobs.token_logprobs[0];
    await load(double, 'x', await adapter('first'));
    const first = await answer();
    await ask(double, 'POST', '/v1/unload_lora_adapter', { lora_name: 'x' });
    await load(double, 'x', await adapter('second'));
    expect((await answer()) === first).toBe(!VLLM_PROFILES[release].cacheKnowsPath);
    await ask(double, 'POST', '/reset_prefix_cache');
    expect(await answer()).not.toBe(first);
  });
});

describe('the double’s sleep', () => {
  it('lets requests queue in silence until it wakes', async () => {
    const double = await start();
    await ask(double, 'POST', '/sleep?level=1');
    let isAnswered = false;
    const answer = complete(double).finally(() => (isAnswered = true));
    await vi.waitFor(
      async () => {
        expect((await ask(double, 'GET', '/metrics')).text).toMatch(/num_requests_waiting\{.*\} 1\.0/);
      },
      { timeout: 20_000 },
    );
    expect(isAnswered).toBe(false);
    await ask(double, 'POST', '/wake_up?tags=weights');
    expect((await ask(double, 'GET', '/is_sleeping')).json()).toEqual({ is_sleeping: true });
    await ask(double, 'POST', '/wake_up?tags=kv_cache');
    expect((await answer).status).toBe(200);
  });

  it.each(['wait', 'abort'])('with mode=%s treats running requests as it says', async (mode) => {
    const double = await start();
    let go: () => void = () => undefined;
    backend.gate = new Promise((resolve) => (go = resolve));
    const answer = complete(double);
    await vi.waitFor(
      () => {
        expect(double.runningRequests).toBe(1);
      },
      { timeout: 20_000 },
    );
    const sleeping = ask(double, 'POST', `/sleep?level=1&mode=${mode}`);
    if (mode === 'abort') await sleeping;
    go();
    await sleeping;
    expect((await answer).json().choices[0]?.finish_reason).toBe(mode === 'wait' ? 'stop' : 'abort');
  });

  it('kills an engine of 0.15 under a request', async () => {
    const double = await start({ release: '0.15' });
    await ask(double, 'POST', '/sleep?level=1');
    expect((await complete(double)).status).toBe(500);
    expect((await ask(double, 'GET', '/health')).status).toBe(503);
  });

  it('answers with other numbers after level 2, until the weights were read again', async () => {
    const double = await start();
    const answer = async () => (await complete(double)).json().choices[0]?.logprobs.token_logprobs[0];
    const before = await answer();
    await ask(double, 'POST', '/sleep?level=2');
    await ask(double, 'POST', '/wake_up');
    expect(await answer()).not.toBe(before);
    expect((await ask(double, 'POST', '/collective_rpc', { method: 'reload_weights' })).status).toBe(200);
    expect(await answer()).toBe(before);
  });

  it('has no route without the developer’s mode, nor for adapters without its switch', async () => {
    const double = await start({ devMode: false, runtimeLora: false });
    expect((await ask(double, 'POST', '/sleep')).status).toBe(404);
    expect((await ask(double, 'GET', '/is_sleeping')).status).toBe(404);
    expect((await load(double, 'x', '/x')).status).toBe(404);
  });
});

describe('the double’s answers', () => {
  it('ask for the key below /v1 only', async () => {
    const double = await start({ apiKey: 'secret' });
    expect(await complete(double)).toMatchObject({ status: 401, text: '{"error":"Unauthorized"}' });
    expect((await ask(double, 'POST', '/tokenize', { prompt: 'a' })).status).toBe(200);
    const key = { authorization: 'Bearer secret' };
    expect((await ask(double, 'GET', '/v1/models', undefined, key)).status).toBe(200);
  });

  it('stream the same tokens as they give in one piece', async () => {
    const double = await start();
    const wish = { return_token_ids: true, stream: true, stream_options: { include_usage: true } };
    const { text } = await complete(double, wish);
    const events = text
      .split('\n\n')
      .filter((line) => line !== '')
      .map((line) => line.slice('data: '.length));
    expect(events.at(-1)).toBe('[DONE]');
    const chunks = events.slice(0, -1).map((event) => JSON.parse(event) as Answer);
    expect(chunks.flatMap(({ choices }) => choices[0]?.token_ids ?? [])).toEqual([97, 98, 99]);
    expect(chunks.map(({ choices }) => choices[0]?.prompt_token_ids ?? null)).toEqual([[1, 2], null, null, null]);
    expect(chunks.at(-1)?.usage).toEqual({ prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 });
    const whole = (await complete(double, { return_token_ids: true })).json().choices[0];
    expect(whole).toMatchObject({
      text: 'abc',
      token_ids: [97, 98, 99],
      prompt_token_ids: [1, 2],
      finish_reason: 'stop',
    });
  });

  it('have the prompt’s log-probs by token id, the first missing', async () => {
    const double = await start();
    const { choices } = (await complete(double, { prompt: [65, 66, 67], prompt_logprobs: 0, max_tokens: 1 })).json();
    expect(choices[0]?.prompt_logprobs[0]).toBeNull();
    expect(choices[0]?.prompt_logprobs.slice(1).map((row) => Object.keys(row ?? {}))).toEqual([['66'], ['67']]);
    expect((await complete(double, { prompt_logprobs: 1, stream: true })).status).toBe(400);
    expect((await complete(double, { logprobs: 21 })).status).toBe(400);
    expect((await complete(double, { max_tokens: 100 })).text).toContain('maximum context length is 64');
  });
});

describe('the double’s faults', () => {
  it('spoil as many calls as they are told, before or after they took effect', async () => {
    const double = await start();
    const path = await adapter('faulty');
    double.faults.set('load', { kind: 'fail', status: 503, body: 'busy', times: 1 });
    expect(await load(double, 'x', path)).toMatchObject({ status: 503, text: expect.stringContaining('busy') });
    expect(double.adapters).toEqual([]);
    double.faults.set('load', { kind: 'reset', when: 'after', times: 1 });
    await expect(load(double, 'x', path)).rejects.toThrow();
    expect(double.adapters).toHaveLength(1);
    expect(double.orders()).toEqual(['load', 'load']);
  });

  it('end the server, which forgets everything and comes back where it was', async () => {
    const double = await start({ restartAfterMs: 20 });
    await load(double, 'x', await adapter('lost'));
    double.faults.set('unload', { kind: 'die', times: 1 });
    await expect(ask(double, 'POST', '/v1/unload_lora_adapter', { lora_name: 'x' })).rejects.toThrow();
    await vi.waitFor(
      async () => {
        expect((await ask(double, 'GET', '/health')).status).toBe(200);
      },
      { timeout: 20_000 },
    );
    expect(double.adapters).toEqual([]);
  });

  it('leave a call without an answer', async () => {
    const double = await start();
    double.faults.set('models', { kind: 'hang' });
    await expect(fetch(`${double.url}/v1/models`, { signal: AbortSignal.timeout(50) })).rejects.toThrow();
    double.faults.clear();
    expect((await ask(double, 'GET', '/v1/models')).status).toBe(200);
    expect(double.calls.map(({ call }) => call)).toEqual(['models', 'models']);
  });
});

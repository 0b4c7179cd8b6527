import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TinkerDouble } from './tinker-double.js';
import type { TinkerFault } from './fault-table.js';
import type { TinkerModel, TrainableAdapter } from './tinker-model.js';

/** A model whose weight is one number that each update raises by the learning rate; it says in what order it was asked. */
function scriptedModel(asked: string[]): TinkerModel {
  const create = (): Promise<TrainableAdapter> => {
    let weight = 0;
    return Promise.resolve({
      differentiate: ({ targets }) => Promise.resolve(Float32Array.from(targets, () => -weight)),
      update: ({ learningRate }) => {
        weight += learningRate;
        asked.push(`update ${weight}`);
        return Promise.resolve(1);
      },
      load: () => Promise.resolve(),
      save: async (directory) => {
        asked.push(`save ${weight}`);
        await writeFile(join(directory, 'adapter_model.safetensors'), String(weight));
      },
      dispose: () => asked.push('dispose'),
    });
  };
  return {
    name: 'scripted',
    contextLength: 16,
    loraAlpha: 32,
    create,
    sample: () => Promise.resolve({ tokenIds: [1], logprobs: [-1], stopReason: 'stop' }),
    score: () => Promise.reject(new Error('nobody asks')),
  };
}

describe('the double of a Tinker service', () => {
  let root: string;
  let double: TinkerDouble;
  let asked: string[];

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tinker-double-'));
    asked = [];
    double = await TinkerDouble.start({
      model: scriptedModel(asked),
      stateDirectory: root,
      apiKey: 'tml-1',
      pollMs: 50,
      heartbeatLimitMs: 2_500,
    });
  });

  afterEach(async () => {
    await double.close();
    await rm(root, { recursive: true });
  });

  async function post(
    path: string,
    body: object,
    key = 'tml-1',
  ): Promise<{ status: number; body: Record<string, string> }> {
    const response = await fetch(`${double.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': key },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, string> };
  }
  const call = (name: string, body: object) => post(`/api/v1/${name}`, body);
  const retrieve = (request_id: string) => call('retrieve_future', { request_id });
  const fault = (spoiled: TinkerFault) => post('/double/faults', spoiled);

  async function newModel(): Promise<string> {
    const session = (await call('create_session', {})).body['session_id'];
    const lora_config = { rank: 4, train_unembed: false };
    const model = { session_id: session, model_seq_id: 0, base_model: 'scripted', lora_config };
    const { request_id } = (await call('create_model', model)).body;
    return (await retrieve(request_id!)).body['model_id']!;
  }

  const update = (model_id: string, seq_id: number, learning_rate: number) =>
    call('optim_step', { model_id, seq_id, adam_params: { learning_rate } });

  it('asks for its key', async () => {
    expect((await post('/api/v1/create_session', {}, 'other')).status).toBe(401);
  });

  it('does requests of a model in the order of their numbers, whatever order they come in', async () => {
    const model = await newModel();
    const second = (await update(model, 2, 10)).body['request_id']!;
    expect((await retrieve(second)).status).toBe(408);
    const first = (await update(model, 1, 1)).body['request_id']!;
    expect((await retrieve(first)).status).toBe(200);
    expect((await retrieve(second)).status).toBe(200);
    expect(asked).toEqual(['update 1', 'update 11']);
  });

  it('does a request once, however often it is sent, and after its promise has expired', async () => {
    const model = await newModel();
    const id = (await update(model, 1, 1)).body['request_id']!;
    expect((await update(model, 1, 1)).body['request_id']).toBe(id);
    await fault({ call: 'retrieve_future', kind: 'expire' });
    expect((await retrieve(id)).status).toBe(410);
    expect((await update(model, 1, 1)).body['request_id']).toBe(id);
    expect((await retrieve(id)).body['metrics']).toEqual({ 'unclipped_grad_l2:mean': 1 });
    expect(asked).toEqual(['update 1']);
  });

  it('ends a session whose heartbeats stop, with its models; checkpoints stay', async () => {
    const model = await newModel();
    const saved = (await call('save_weights', { model_id: model, seq_id: 1, path: 'kept' })).body['request_id']!;
    const { path } = (await retrieve(saved)).body;
    expect(path).toBe(`tinker://${model}/weights/kept`);
    await new Promise((resolve) => setTimeout(resolve, 2_700));
    expect((await update(model, 2, 1)).status).toBe(404);
    expect(asked).toEqual(['save 0', 'dispose']);
    const state = (await (await fetch(`${double.url}/double`)).json()) as Record<string, unknown>;
    expect(state).toMatchObject({ sessions: 0, models: 0, checkpoints: [path] });
  });

  it('spoils calls as it is told, before or after their work', async () => {
    const model = await newModel();
    await fault({ call: 'optim_step', kind: 'fail', status: 429, retryAfterSeconds: 2 });
    expect((await update(model, 1, 1)).status).toBe(429);
    expect(asked).toEqual([]);
    await fault({ call: 'optim_step', kind: 'reset', when: 'after' });
    await expect(update(model, 1, 1)).rejects.toThrow();
    const id = (await update(model, 1, 1)).body['request_id']!;
    expect((await retrieve(id)).status).toBe(200);
    expect(asked).toEqual(['update 1']);
  });

  it('takes forward_backward as protobuf only', async () => {
    expect((await call('forward_backward', { model_id: await newModel() })).status).toBe(415);
  });
});

import { readdir } from 'node:fs/promises';
import type { AdapterSource } from '@claas/contracts';
import { ClaasError } from '@claas/contracts';
import type { TinkerFault } from '@claas/contracts/testing/tinker';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TinkerEngine } from './engine/tinker-engine.js';
import { shortTask, untrainedVersion } from './testing/short-task.js';
import { TinkerWorld } from './testing/tinker-world.js';
import type { TinkerConnection } from './tinker-connection.js';

let world: TinkerWorld;
let connection: TinkerConnection;
let engine: TinkerEngine;
let parent: AdapterSource;

beforeAll(async () => {
  world = await TinkerWorld.create();
  connection = world.connect();
  engine = world.engine(connection);
  parent = await untrainedVersion(world, engine, 'tests/nonsense');
});

afterEach(() => world.double.clearFaults());

afterAll(async () => {
  await engine.close();
  await world.close();
});

const PAGE = { body: '<html>Welcome</html>', contentType: 'text/html' };
const BYTES = { body: '\u0001\u0002nonsense', contentType: 'application/x-protobuf' };

describe('a server that answers something else than the protocol says', () => {
  it.each<[string, Omit<TinkerFault, 'kind'>]>([
    ['a model whose submission has no promise', { call: 'create_model' }],
    ['a model without an id', { call: 'retrieve_future' }],
    ['a list where a result is expected', { call: 'retrieve_future', body: '[]' }],
    ['null where a result is expected', { call: 'retrieve_future', body: 'null' }],
    ['a page where a result is expected', { call: 'retrieve_future', ...PAGE }],
    ['a number for the promise', { call: 'forward_backward', body: '{"request_id": 7}' }],
    ['other bytes for log-probs', { call: 'retrieve_future', ...BYTES, skip: 2 }],
    ['JSON for log-probs', { call: 'retrieve_future', body: '{"logprobs": [1, 2]}', skip: 2 }],
    ['a checkpoint without a path', { call: 'save_weights' }],
    ['an archive without an address', { call: 'archive' }],
    ['an archive with an address that is none', { call: 'archive', body: '{"url": "http://"}' }],
    ['a page where an archive is expected', { call: 'archive_file', ...PAGE }],
    ['an archive that is cut', { call: 'archive_file', body: 'x'.repeat(700) }],
    ['nothing where an archive is expected', { call: 'archive_file', body: '' }],
  ])('is told so, and the step leaves nothing: %s', async (_, fault) => {
    await world.double.fault({ ...fault, kind: 'nonsense' });
    const directory = await world.stage();
    const error = await engine.distill(shortTask(parent, directory)).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ClaasError);
    expect((error as ClaasError).code).toBe('trainer_protocol');
    expect((error as ClaasError).message).toMatch(/^The Tinker service/);
    expect(await readdir(directory)).toEqual([]);
    await engine.settled();
    await engine.sweep();
    const { checkpoints } = await world.double.state();
    expect([...checkpoints].sort()).toEqual([...(await world.versions.checkpoints())].sort());
  });

  it.each([
    ['a session without an id', { call: 'create_session' }],
    ['a sampler without an id', { call: 'create_sampling_session' }],
    ['other bytes for a sample', { call: 'retrieve_future', ...BYTES }],
  ] as const)('can be asked again: %s', async (_, fault) => {
    const fresh = world.connect();
    const score = (): Promise<unknown> => fresh.samplers.score(null, [1, 2, 3], 2);
    await world.double.fault({ ...fault, kind: 'nonsense' });
    await expect(score()).rejects.toMatchObject({ code: 'trainer_protocol' });
    await expect(score()).resolves.toMatchObject({ finishReason: 'length' });
    await fresh.close();
  });

  it.each(['{}', '{"supported_models": null}', '{"supported_models": [{}]}'])('names no models: %s', async (body) => {
    await world.double.fault({ call: 'get_server_capabilities', kind: 'nonsense', body });
    await expect(connection.check()).rejects.toMatchObject({
      code: 'base_model_not_allowed',
      message: expect.stringMatching(/CLAAS_TINKER_BASE_MODEL.*it names none/) as string,
    });
  });

  it.each(['{"supported_models": [null]}', '{"supported_models": 3}', '[]x'])(
    'says what can’t be read of its models: %s',
    async (body) => {
      await world.double.fault({ call: 'get_server_capabilities', kind: 'nonsense', body });
      await expect(connection.check()).rejects.toMatchObject({ code: 'trainer_protocol' });
    },
  );

  it('knows none of the paths: the setting is named', async () => {
    const elsewhere = world.connect({ baseUrl: `${world.double.url}/elsewhere` });
    await expect(elsewhere.check()).rejects.toThrow(/HTTP 404.*CLAAS_TINKER_BASE_URL/);
    await elsewhere.close();
  });
});

import { mkdir, mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BaseModelUnavailableError } from './base-model-unavailable-error.js';
import type { DownloadProgress } from './download-model.js';
import { locateBaseModel, type LocateBaseModelOptions } from './locate-base-model.js';
import { COMMIT, HubDouble, MODEL, sha256 } from './testing/hub-double.js';

const TOKEN = 'hf_secret';

const weights = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31) % 251));

describe('locating a base model', () => {
  let hub: HubDouble;
  let root: string;
  let options: LocateBaseModelOptions;

  beforeEach(async () => {
    hub = new HubDouble();
    await hub.start();
    root = await mkdtemp(join(tmpdir(), 'claas-base-model-'));
    options = { cacheDirectory: join(root, 'hub'), endpoint: hub.endpoint, token: TOKEN, retryDelayMilliseconds: 1 };
    for (const name of ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json']) {
      hub.files.set(name, { content: Buffer.from(`{"file":"${name}"}`), large: false });
    }
    hub.files.set('README.md', { content: Buffer.from('# not needed'), large: false });
    hub.files.set('pytorch_model.bin', { content: Buffer.from('not needed'), large: true });
    hub.files.set('model.safetensors', { content: weights, large: true });
  });

  afterEach(async () => {
    await hub.stop();
    await rm(root, { recursive: true });
  });

  async function failure(): Promise<BaseModelUnavailableError> {
    const error: unknown = await locateBaseModel(MODEL, options).then(
      () => null,
      (reason: unknown) => reason,
    );
    if (!(error instanceof BaseModelUnavailableError)) throw new Error(`Unexpected: ${String(error)}`);
    expect(error.code).toBe('base_model_invalid');
    expect(`${error.message} ${String(error.cause)} ${error.stack ?? ''}`).not.toContain(TOKEN);
    return error;
  }

  it('takes a directory as it is, without asking anyone', async () => {
    expect(await locateBaseModel(root, options)).toBe(root);
    expect(hub.requests).toEqual([]);
  });

  it('downloads the needed files into the layout of the Python tools', async () => {
    const progress: DownloadProgress[] = [];
    const directory = await locateBaseModel(MODEL, { ...options, onProgress: (event) => progress.push(event) });
    const cache = join(root, 'hub', 'models--claas--tiny');
    expect(directory).toBe(join(cache, 'snapshots', COMMIT));
    expect(await readFile(join(cache, 'refs', 'main'), 'utf8')).toBe(COMMIT);
    expect(await readlink(join(directory, 'model.safetensors'))).toBe(join('..', '..', 'blobs', sha256(weights)));
    expect((await readFile(join(directory, 'model.safetensors'))).equals(weights)).toBe(true);
    expect(await readFile(join(directory, 'config.json'), 'utf8')).toBe('{"file":"config.json"}');
    for (const name of ['README.md', 'pytorch_model.bin']) {
      await expect(stat(join(directory, name))).rejects.toThrow('ENOENT');
    }
    const last = progress.at(-1);
    expect(last?.loadedBytes).toBe(last?.totalBytes);
    expect(last?.totalBytes).toBeGreaterThan(weights.byteLength);
  });

  it('leaves the weights where they are when they are not wanted, and fetches them when they are', async () => {
    const directory = await locateBaseModel(MODEL, { ...options, weights: false });
    expect(await readFile(join(directory, 'config.json'), 'utf8')).toBe('{"file":"config.json"}');
    await expect(stat(join(directory, 'model.safetensors'))).rejects.toThrow('ENOENT');
    expect(await locateBaseModel(MODEL, { ...options, weights: false, offline: true })).toBe(directory);
    expect(await locateBaseModel(MODEL, options)).toBe(directory);
    expect((await stat(join(directory, 'model.safetensors'))).size).toBe(weights.byteLength);
  });

  it('sends the token to the hub and to nobody else', async () => {
    await locateBaseModel(MODEL, options);
    expect(hub.requests.filter(({ store }) => store)).not.toEqual([]);
    for (const { store, authorization } of hub.requests) {
      expect(authorization).toBe(store ? undefined : `Bearer ${TOKEN}`);
    }
  });

  it('answers from the cache the second time, also offline', async () => {
    const directory = await locateBaseModel(MODEL, options);
    hub.requests.length = 0;
    expect(await locateBaseModel(MODEL, { ...options, offline: true })).toBe(directory);
    expect(hub.requests).toEqual([]);
  });

  it('continues where the connection was cut', async () => {
    hub.cuts = [100_000, 50_000];
    const directory = await locateBaseModel(MODEL, options);
    expect((await readFile(join(directory, 'model.safetensors'))).equals(weights)).toBe(true);
    const ranges = hub.rangesOf('model.safetensors');
    expect(ranges[0]).toBeUndefined();
    expect(ranges).toHaveLength(3);
    const starts = ranges.slice(1).map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1]));
    expect(starts[0]).toBeGreaterThan(0);
    expect(starts[1]).toBeGreaterThan(starts[0]!);
  });

  it('continues what an earlier process left behind', async () => {
    const blobs = join(root, 'hub', 'models--claas--tiny', 'blobs');
    await mkdir(blobs, { recursive: true });
    await writeFile(join(blobs, `${sha256(weights)}.incomplete`), weights.subarray(0, 123_456));
    const directory = await locateBaseModel(MODEL, options);
    expect(hub.rangesOf('model.safetensors')).toEqual(['bytes=123456-']);
    expect((await readFile(join(directory, 'model.safetensors'))).equals(weights)).toBe(true);
  });

  it('begins again when the server ignores ranges', async () => {
    hub.cuts = [100_000];
    hub.ignoresRanges = true;
    const directory = await locateBaseModel(MODEL, options);
    expect((await readFile(join(directory, 'model.safetensors'))).equals(weights)).toBe(true);
  });

  it('fetches a damaged file once more, and gives up after the second time', async () => {
    hub.corruptions = 1;
    const directory = await locateBaseModel(MODEL, options);
    expect((await readFile(join(directory, 'model.safetensors'))).equals(weights)).toBe(true);

    await rm(join(root, 'hub'), { recursive: true });
    hub.corruptions = 2;
    expect((await failure()).reason).toBe('damaged');
    await expect(stat(join(root, 'hub', 'models--claas--tiny', 'blobs', sha256(weights)))).rejects.toThrow('ENOENT');
  });

  it('downloads the shards that the index names', async () => {
    hub.files.delete('model.safetensors');
    const parts = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    parts.forEach((name, number) => hub.files.set(name, { content: weights.subarray(number, 1000), large: true }));
    const index = JSON.stringify({ weight_map: { a: parts[0], b: parts[1], c: parts[0] } });
    hub.files.set('model.safetensors.index.json', { content: Buffer.from(index), large: false });
    const directory = await locateBaseModel(MODEL, options);
    for (const name of parts) expect((await stat(join(directory, name))).isFile()).toBe(true);
  });

  it.each([
    [401, 'unauthorized', /HF_TOKEN/],
    [403, 'forbidden', /Accept its terms/],
    [404, 'not_found', /no such model/],
    [500, 'hub_failed', /status 500/],
  ] as const)('says what to do when the hub answers %i', async (status, reason, message) => {
    hub.status = status;
    const error = await failure();
    expect(error.reason).toBe(reason);
    expect(error.message).toMatch(message);
  });

  it('says that the hub cannot be reached', async () => {
    await hub.stop();
    expect((await failure()).reason).toBe('offline');
    await hub.start();
  });

  it('says that a model without safetensors is of no use', async () => {
    hub.files.delete('model.safetensors');
    expect((await failure()).reason).toBe('incomplete');
  });

  it('gives up on a connection that never brings a byte', async () => {
    hub.cuts = Array.from({ length: 20 }, () => 0);
    expect((await failure()).reason).toBe('offline');
  });

  it('ends when it is told to', async () => {
    const controller = new AbortController();
    hub.cuts = [1000];
    const located = locateBaseModel(MODEL, {
      ...options,
      signal: controller.signal,
      onProgress: ({ file }) => {
        if (file === 'model.safetensors') controller.abort();
      },
    });
    await expect(located).rejects.toThrow(/abort/i);
  });

  it.each(['../outside', '/no/such/directory', 'a/b/c', ''])('refuses %j as an id', async (id) => {
    await expect(locateBaseModel(id, options)).rejects.toMatchObject({ reason: 'not_an_id' });
    expect(hub.requests).toEqual([]);
  });

  it('downloads nothing when offline', async () => {
    options = { ...options, offline: true };
    expect((await failure()).message).toMatch(/HF_HUB_OFFLINE/);
    expect(hub.requests).toEqual([]);
  });
});

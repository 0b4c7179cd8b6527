import { cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ModelDirectoryError } from '../errors/model-directory-error.js';
import { WeightFiles } from './weight-files.js';
import { writeSafetensors } from './write-safetensors.js';

const qwen3 = fileURLToPath(new URL('../__fixtures__/golden-models/qwen3_tied_headdim/', import.meta.url));

const A = { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) };
const B = { shape: [2], data: Float32Array.of(7, 8) };

describe('the weights of a model', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'claas-weights-'));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  async function failureOf(work: Promise<unknown>): Promise<ModelDirectoryError> {
    const error: unknown = await work.then(
      () => null,
      (reason: unknown) => reason,
    );
    if (!(error instanceof ModelDirectoryError)) throw new Error(`Unexpected: ${String(error)}`);
    return error;
  }

  async function writeShards(weightMap: Record<string, unknown>): Promise<void> {
    await writeSafetensors(join(directory, 'model-00001-of-00002.safetensors'), new Map([['a', A]]));
    await writeSafetensors(join(directory, 'model-00002-of-00002.safetensors'), new Map([['b', B]]));
    await writeFile(join(directory, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }));
  }

  const SHARDS = { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' };

  it('are read from one file, in the format that they have there', async () => {
    for (const [variant, format, bytes] of [
      ['f32', 'F32', 4],
      ['bf16', 'BF16', 2],
    ] as const) {
      const weights = await WeightFiles.open(join(qwen3, variant));
      const embedding = await weights.read('model.embed_tokens.weight', [320, 40]);
      expect(embedding).toMatchObject({ format, shape: [320, 40] });
      expect(embedding.bytes.byteLength).toBe(320 * 40 * bytes);
      expect(await weights.readVector('model.norm.weight', 40)).toHaveLength(40);
      expect(weights.has('lm_head.weight')).toBe(false);
      expect(weights.totalBytes).toBe(weights.parameters * bytes);
      await weights.close();
    }
  });

  it('are read from shards', async () => {
    await writeShards(SHARDS);
    const weights = await WeightFiles.open(directory);
    expect([...weights.names].sort()).toEqual(['a', 'b']);
    expect(weights.parameters).toBe(8);
    const { bytes } = await weights.read('a', [2, 3]);
    expect([...new Float32Array(bytes.buffer, bytes.byteOffset, 6)]).toEqual([...A.data]);
    expect(bytes.byteLength).toBe(24);
    expect([...(await weights.readVector('b', 2))]).toEqual([7, 8]);
    await weights.close();
  });

  it('tell how much of them was read', async () => {
    await writeShards(SHARDS);
    const progress: [number, number][] = [];
    const weights = await WeightFiles.open(directory, { onProgress: (...event) => progress.push(event) });
    await weights.read('a', [2, 3]);
    await weights.readVector('b', 2);
    await weights.close();
    expect(progress).toEqual([
      [24, 32],
      [32, 32],
    ]);
  });

  it('are missed by name', async () => {
    const weights = await WeightFiles.open(join(qwen3, 'f32'));
    const error = await failureOf(weights.read('model.layers.9.mlp.up_proj.weight', [96, 40]));
    await weights.close();
    expect(error).toMatchObject({
      code: 'base_model_invalid',
      file: join(qwen3, 'f32', 'model.safetensors'),
      tensor: 'model.layers.9.mlp.up_proj.weight',
      expected: 'a tensor of shape [96, 40]',
    });
  });

  it('of another shape are refused', async () => {
    const weights = await WeightFiles.open(join(qwen3, 'f32'));
    const error = await failureOf(weights.read('model.embed_tokens.weight', [321, 40]));
    const vector = await failureOf(weights.readVector('model.embed_tokens.weight', 320));
    await weights.close();
    expect(error).toMatchObject({
      tensor: 'model.embed_tokens.weight',
      expected: 'shape [321, 40]',
      found: 'shape [320, 40]',
    });
    expect(vector.found).toBe('shape [320, 40]');
  });

  it('in integers are refused', async () => {
    const header = JSON.stringify({ q: { dtype: 'I8', shape: [2, 4], data_offsets: [0, 8] } });
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    await writeFile(
      join(directory, 'model.safetensors'),
      Buffer.concat([length, Buffer.from(header), Buffer.alloc(8)]),
    );
    const weights = await WeightFiles.open(directory);
    expect(await failureOf(weights.read('q', [2, 4]))).toMatchObject({ tensor: 'q', found: 'I8' });
    await weights.close();
  });

  it('in a file that was cut are refused', async () => {
    await cp(join(qwen3, 'f32', 'model.safetensors'), join(directory, 'model.safetensors'));
    const { byteLength } = await readFile(join(directory, 'model.safetensors'));
    await truncate(join(directory, 'model.safetensors'), byteLength - 1);
    expect((await failureOf(WeightFiles.open(directory))).found).toMatch(/cut short/);
  });

  it('that are not there at all are missed', async () => {
    const error = await failureOf(WeightFiles.open(directory));
    expect(error).toMatchObject({ expected: 'model.safetensors or model.safetensors.index.json', found: 'neither' });
  });

  it('are missed when a shard is', async () => {
    await writeShards(SHARDS);
    await rm(join(directory, SHARDS.b));
    expect(await failureOf(WeightFiles.open(directory))).toMatchObject({
      file: join(directory, SHARDS.b),
      found: 'no such file',
    });
  });

  it('are missed when a shard lacks what the index promises', async () => {
    await writeShards({ ...SHARDS, c: SHARDS.a });
    expect(await failureOf(WeightFiles.open(directory))).toMatchObject({
      file: join(directory, SHARDS.a),
      tensor: 'c',
    });
  });

  it.each([
    ['leads out of the directory', '{"weight_map":{"a":"../a.safetensors"}}', 'weight_map.a'],
    ['has no map', '{}', 'weight_map'],
    ['is no JSON', '{', null],
  ])('are refused when the index %s', async (_, content, field) => {
    await writeFile(join(directory, 'model.safetensors.index.json'), content);
    const error = await failureOf(WeightFiles.open(directory));
    expect(error).toMatchObject({ file: join(directory, 'model.safetensors.index.json'), field });
  });
});

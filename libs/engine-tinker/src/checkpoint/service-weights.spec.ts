import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeServiceWeights, withLoraAlpha } from './service-weights.js';
import { RAW_CONFIG_FILE, RAW_WEIGHTS_FILE } from './unpack-archive.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'claas-weights-'));
});
afterEach(() => rm(directory, { recursive: true }));

type Tensors = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: readonly number[] }>>;

/** A safetensors file, as a service writes it. */
async function take(tensors: Tensors, config: object = { r: 2, lora_alpha: 32 }) {
  const header: Record<string, unknown> = {};
  let offset = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, (offset += 4 * data.length)] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const values = Float32Array.from(Object.values(tensors).flatMap(({ data }) => data));
  await writeFile(join(directory, RAW_WEIGHTS_FILE), Buffer.concat([length, json, Buffer.from(values.buffer)]));
  await writeFile(join(directory, RAW_CONFIG_FILE), JSON.stringify(config));
  return takeServiceWeights(directory);
}

const A = { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] };
const B = { shape: [1, 2], data: [7, 8] };
const q = (part: string, prefix = 'base_model.model.model.'): string =>
  `${prefix}layers.0.self_attn.q_proj.lora_${part}.weight`;

describe('what a service’s archive holds', () => {
  it.each(['base_model.model.model.', 'model.', 'base_model.model.model.language_model.'])(
    'gets PEFT’s names whatever stands before them (%s)',
    async (prefix) => {
      const weights = await take({ [q('A', prefix)]: A, [q('B', prefix)]: B });
      expect([...weights.tensors.keys()]).toEqual([q('A'), q('B')]);
      expect(weights).toMatchObject({ rank: 2, loraAlpha: 32, targetModules: ['q_proj'] });
      expect(await readdir(directory)).toEqual([]);
    },
  );

  it.each([
    ['an unembedding', 'base_model.model.lm_head.lora_A.weight', A],
    [
      'experts',
      'base_model.model.model.layers.0.mlp.experts.w1.lora_A.weight',
      { shape: [2, 2, 3], data: [...A.data, ...A.data] },
    ],
    ['another rank than it says', q('A'), { shape: [3, 2], data: A.data }],
  ])('is refused with %s, by the tensor’s name', async (_, name, tensor) => {
    await expect(take({ [name]: tensor })).rejects.toMatchObject({
      code: 'base_model_invalid',
      details: { tensor: name },
    });
  });

  it('is refused with values that are no numbers', async () => {
    await expect(take({ [q('A')]: { ...A, data: [1, 2, 3, 4, 5, Number.NaN] } })).rejects.toMatchObject({
      code: 'step_not_finite',
    });
  });

  it.each([{}, { r: 2 }, { r: 2, lora_alpha: 0 }, { r: '2', lora_alpha: 32 }])(
    'is refused with the config %j',
    async (config) => {
      await expect(take({ [q('A')]: A, [q('B')]: B }, config)).rejects.toMatchObject({ code: 'trainer_protocol' });
    },
  );

  it('computes the same with another alpha', async () => {
    const weights = await take({ [q('A')]: A, [q('B')]: B });
    const other = withLoraAlpha(weights, 8, 'some/model');
    expect(other).toMatchObject({ rank: 2, loraAlpha: 8, baseModel: 'some/model' });
    const product = (alpha: number, tensors: typeof weights.tensors): number[] =>
      [0, 1, 2].map(
        (i) =>
          (alpha / 2) *
          [0, 1].reduce((sum, r) => sum + tensors.get(q('B'))!.data[r]! * tensors.get(q('A'))!.data[3 * r + i]!, 0),
      );
    product(8, other.tensors).forEach((value, i) => {
      expect(value).toBeCloseTo(product(32, weights.tensors)[i]!, 3);
    });
    expect(withLoraAlpha(weights, 32, 'some/model').tensors).toEqual(weights.tensors);
  });
});

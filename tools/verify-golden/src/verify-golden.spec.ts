import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTensorBackend } from '@claas/tensor-backend';
import type { TensorBackend } from '@claas/tensor-backend';
import { memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GoldenDirectory } from './directory/golden-directory.js';
import { FOLDERS, verifyGolden } from './verify-golden.js';

/** A small set put together from what the libraries keep for their own tests: every kind of case at least once. */
const LIBRARIES = fileURLToPath(new URL('../../../libs', import.meta.url));
const SDPO = `${LIBRARIES}/core-sdpo/src/__fixtures__/golden`;
const MODELS = `${LIBRARIES}/core-model/src/__fixtures__/golden-models`;
const CHAT = `${LIBRARIES}/core-model/src/text/__fixtures__/chat`;
const MODEL = 'models/qwen3_tied_headdim';
const SOURCES: Readonly<Record<string, string>> = {
  'loss/full_a05_v5.json': `${SDPO}/loss/full_a05_v5.json`,
  'loss/stopk_a0_v11_k3.json': `${SDPO}/loss/stopk_a0_v11_k3.json`,
  'edge/all_masked.json': `${SDPO}/edge/all_masked.json`,
  'edge/mask_too_short.json': `${SDPO}/edge/mask_too_short.json`,
  'edge/nan_in_unmasked_row.json': `${SDPO}/edge/nan_in_unmasked_row.json`,
  'edge/masked_rows_nan.json': `${SDPO}/edge/masked_rows_nan.json`,
  'edge/masked_rows_reference.json': `${SDPO}/edge/masked_rows_reference.json`,
  'optim/nan_step_skipped.json': `${SDPO}/optim/nan_step_skipped.json`,
  'optim/clip_active.json': `${SDPO}/optim/clip_active.json`,
  'chat/conversations.json': `${CHAT}/conversations.json`,
  'chat/strings.json': `${CHAT}/strings.json`,
  [`${MODEL}/adapter`]: `${MODELS}/qwen3_tied_headdim/adapter`,
  [`${MODEL}/adapter_fresh`]: `${MODELS}/qwen3_tied_headdim/adapter_fresh`,
  [`${MODEL}/f32`]: `${MODELS}/qwen3_tied_headdim/f32`,
};
const FULL = 'loss/full_a05_v5.json';
const TOPK = 'loss/stopk_a0_v11_k3.json';
const CLIP = 'optim/clip_active.json';
const FORWARD = `${MODEL}/f32/forward.json`;
const GENERATION = `${MODEL}/f32/generation.json`;
const STEPS = `${MODEL}/f32/step_batch2`;
const STEP = `${STEPS}/step.json`;
const TALKS = 'chat/conversations.json';
const STRINGS = 'chat/strings.json';

let backend: TensorBackend;
let complete: string;
let root: string;

beforeAll(async () => {
  backend = await createTensorBackend('wasm');
  complete = await mkdtemp(join(tmpdir(), 'claas-golden-'));
  for (const [path, source] of Object.entries(SOURCES)) {
    await mkdir(dirname(join(complete, path)), { recursive: true });
    await cp(source, join(complete, path), { recursive: true });
  }
});

beforeEach(async () => {
  root = `${complete}-copy`;
  await rm(root, { recursive: true, force: true });
  await cp(complete, root, { recursive: true });
});

afterAll(async () => {
  for (const directory of [complete, root]) await rm(directory, { recursive: true, force: true });
});

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly text: string;
  readonly failures: readonly string[];
}

async function verify(isTTY = false): Promise<Outcome> {
  let text = '';
  const output = { write: (piece: string) => (text += piece), isTTY };
  const counts = await verifyGolden(new GoldenDirectory(root), backend, output);
  const failures = text.split('\n').filter((line) => line.startsWith('FAIL '));
  return { ...counts, text, failures };
}

type Container = Record<string, unknown>;

/** Changes one value of a JSON file; the place is a path of keys, where `-1` is a list's last entry. */
async function edit(path: string, place: string, change: (value: unknown) => unknown): Promise<void> {
  const content = JSON.parse(await readFile(join(root, path), 'utf8')) as Container;
  const keys = place.split('.');
  const last = keys.pop() ?? '';
  const parent = keys.reduce(
    (value, key) => (Array.isArray(value) ? value.at(Number(key)) : value[key]) as Container,
    content,
  );
  expect(parent).toHaveProperty([last]);
  parent[last] = change(parent[last]);
  await writeFile(join(root, path), JSON.stringify(content));
}

const plus = (amount: number) => (value: unknown) => Number(value) + amount;
const times = (factor: number) => (value: unknown) => Number(value) * factor;
const to = (value: unknown) => () => value;

interface TensorEntry {
  readonly dtype: string;
  readonly data_offsets: readonly [number, number];
}

/** Adds to one number of a tensor in a safetensors file. */
async function nudge(path: string, tensor: RegExp, amount: number): Promise<void> {
  const bytes = await readFile(join(root, path));
  const headerLength = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.subarray(8, 8 + headerLength).toString()) as Record<string, TensorEntry>;
  const name = Object.keys(header).find((key) => tensor.test(key))!;
  const { dtype, data_offsets: offsets } = header[name]!;
  const position = 8 + headerLength + offsets[0];
  if (dtype === 'F64') bytes.writeDoubleLE(bytes.readDoubleLE(position) + amount, position);
  else bytes.writeFloatLE(bytes.readFloatLE(position) + amount, position);
  await writeFile(join(root, path), bytes);
}

describe('a set without mistakes', () => {
  it('passes, one line for each case, and says how many', async () => {
    const { passed, failed, text, failures } = await verify();
    expect(failures).toEqual([]);
    expect(failed).toBe(0);
    const strings = (JSON.parse(await readFile(`${CHAT}/strings.json`, 'utf8')) as { cases: unknown[] }).cases.length;
    const talks = (JSON.parse(await readFile(`${CHAT}/conversations.json`, 'utf8')) as { cases: unknown[] }).cases
      .length;
    const files = Object.keys(SOURCES).filter((path) => /^(loss|edge|optim)/.test(path)).length;
    // For each chat file its tokenizer; for the model forward, generation and three steps.
    expect(passed).toBe(files + strings + talks + 2 + 5);
    expect(text.split('\n').filter((line) => line.startsWith('ok '))).toHaveLength(passed);
    expect(text.trimEnd().split('\n').at(-1)).toBe(`${passed} passed, 0 failed`);
    expect(text).not.toContain('\r');
  });

  it('shows a progress bar on a terminal only', async () => {
    expect((await verify(true)).text).toMatch(/\[#+\.+\] \d+\/\d+\r/);
  });

  it('leaves no tensor behind', async () => {
    await verify();
    const before = memory().numTensors;
    await verify();
    expect(memory().numTensors).toBe(before);
  });
});

describe('a mistake', () => {
  const cases: readonly (readonly [what: string, where: string, change: () => Promise<void>])[] = [
    ['in a loss', FULL, () => edit(FULL, 'expected.loss', plus(1e-4))],
    ['in a gradient of the logits', FULL, () => edit(FULL, 'expected.samples.0.grad_student_logits.0.0', plus(1e-4))],
    ['in a support', TOPK, () => edit(TOPK, 'expected.samples.0.support_ids.0', to([0, 1, 2, 3]))],
    ['in a mask, so that the reference is of other tokens', FULL, () => edit(FULL, 'samples.0.mask.0', to(0))],
    [
      'in an expected refusal',
      'edge/all_masked.json',
      () => edit('edge/all_masked.json', 'expected.behaviour', to('error: length mismatch')),
    ],
    [
      'in the name of a behaviour',
      'edge/mask_too_short.json',
      () => edit('edge/mask_too_short.json', 'expected.behaviour', to('error: other')),
    ],
    [
      'in the input of the twin without NaN',
      'edge/masked_rows_nan.json',
      () => edit('edge/masked_rows_reference.json', 'samples.0.student_logits.0.0', plus(1e-3)),
    ],
    ['in a moment', CLIP, () => edit(CLIP, 'expected.0.exp_avg.b.0', times(1.001))],
    ['in a parameter', CLIP, () => edit(CLIP, 'expected.-1.params.a.0.0', plus(1e-5))],
    [
      'in a skipped step',
      'optim/nan_step_skipped.json',
      () => edit('optim/nan_step_skipped.json', 'expected.1.skipped', to(false)),
    ],
    ['in logits', FORWARD, () => nudge(`${MODEL}/f32/golden_float64.safetensors`, /^logits_lora_1$/, 1e-3)],
    ['in token log-probs', FORWARD, () => nudge(`${MODEL}/f32/golden_float32.safetensors`, /^logprobs_base_0$/, 1e-3)],
    ['in a weight of the model', FORWARD, () => nudge(`${MODEL}/f32/model.safetensors`, /norm/, 0.1)],
    [
      'in a continuation',
      GENERATION,
      () => edit(GENERATION, 'cases.3.output_ids.23', (value) => (Number(value) + 1) % 300),
    ],
    ['in the loss of a step', STEP, () => edit(STEP, 'steps.2.float64.loss', plus(1e-3))],
    ['in the norm of the gradients', STEP, () => edit(STEP, 'steps.1.float32.grad_norm', times(1.001))],
    [
      'in a log-prob of a masked token before the step',
      STEP,
      async () => {
        const { samples } = JSON.parse(await readFile(join(root, STEP), 'utf8')) as { samples: { mask: number[] }[] };
        const sample = samples.findIndex(({ mask }) => mask.includes(0));
        const token = samples[sample]?.mask.indexOf(0) ?? -1;
        await edit(STEP, `before_step_1.${sample}.teacher_logprobs_float64.${token}`, plus(1e-3));
      },
    ],
    [
      'in a log-prob after the last step',
      STEP,
      () => edit(STEP, 'after_step_3.0.student_logprobs_float64.1', plus(1e-3)),
    ],
    ['in a gradient', STEP, () => nudge(`${STEPS}/grads.safetensors`, /q_proj.lora_B/, 0.01)],
    ['in a gradient of the second reference', STEP, () => nudge(`${STEPS}/float64.safetensors`, /^grad\./, 0.01)],
    ['in a weight after a step', STEP, () => nudge(`${STEPS}/lora_after_2.safetensors`, /down_proj.lora_A/, 1e-3)],
    ['in a moment after the last step', STEP, () => nudge(`${STEPS}/moments_after_3.safetensors`, /exp_avg_sq/, 1)],
    [
      'in what the template renders',
      `${TALKS} no_system_default`,
      () => edit(TALKS, 'cases.0.text', (text) => `${String(text)} `),
    ],
    ['in the ids of a conversation', `${TALKS} no_system_no_thinking`, () => edit(TALKS, 'cases.1.ids.0', to(0))],
    ['in the ids of a string', `${STRINGS} 1`, () => edit(STRINGS, 'cases.1.ids', to([221]))],
    ['in a decoded string', `${STRINGS} 2`, () => edit(STRINGS, 'cases.2.decoded', to(' '))],
    [
      'in which tokenizer it is',
      `${STRINGS} tokenizer`,
      async () => {
        const text = await readFile(join(root, STRINGS), 'utf8');
        await writeFile(join(root, STRINGS), text.replace(/"tokenizer\.json": ?"./, '"tokenizer.json": "0'));
      },
    ],
  ];

  it.each(cases)('%s is found (%s)', async (_, where, change) => {
    for (const folder of FOLDERS) {
      if (!where.startsWith(folder)) await rm(join(root, folder), { recursive: true });
    }
    await change();
    const { failed, failures } = await verify();
    expect(failed).toBeGreaterThan(0);
    expect(failures.map((line) => line.slice('FAIL '.length).split('  ')[0])).toContain(where);
  });
});

describe('a set that is not whole', () => {
  it('fails for a file that no case checks', async () => {
    await writeFile(join(root, 'loss/notes.txt'), 'ten more cases');
    await writeFile(join(root, 'surprise.json'), '{}');
    const { failed, text } = await verify();
    expect(failed).toBe(2);
    expect(text).toContain('FAIL loss/notes.txt  no case checks this file');
    expect(text).toContain('FAIL surprise.json  no case checks this file');
  });

  it('fails for a file that is listed and missing', async () => {
    await rm(join(root, 'loss/full_a05_v5.json'));
    await writeFile(join(root, 'SHA256SUMS'), `${'0'.repeat(64)}  loss/full_a05_v5.json\n`);
    expect((await verify()).text).toContain('FAIL loss/full_a05_v5.json  listed in SHA256SUMS, but not there');
  });

  it('fails for a case whose references are gone', async () => {
    await rm(join(root, STEPS, 'lora_after_2.safetensors'));
    await rm(join(root, MODEL, 'f32/golden_float32.safetensors'));
    const { failures } = await verify();
    expect(failures.map((line) => line.split(/ +/)[1])).toEqual([FORWARD, STEP]);
  });

  it('fails for tensors that nothing is compared with', async () => {
    const path = join(root, MODEL, 'f32/golden_float64.safetensors');
    const bytes = await readFile(path);
    await writeFile(path, Buffer.from(bytes.toString('latin1').replace('logits_base_0', 'logits_base_7'), 'latin1'));
    expect((await verify()).text).toContain('float64: tensors that nothing is compared with: logits_base_7');
  });

  it('fails for JSON that is damaged, and goes on', async () => {
    await writeFile(join(root, 'optim/clip_active.json'), '{ "settings": ');
    await writeFile(join(root, STEP), 'null');
    const { failures, passed } = await verify();
    expect(failures[0]).toContain('optim/clip_active.json');
    expect(failures.some((line) => line.includes(STEP))).toBe(true);
    expect(passed).toBeGreaterThan(50);
  });

  it('fails when it is empty or holds nothing that is known', async () => {
    await rm(root, { recursive: true });
    await mkdir(root);
    expect((await verify()).failed).toBe(1);
    await writeFile(join(root, 'README.md'), 'hello');
    const { failed, text } = await verify();
    expect(failed).toBe(1);
    expect(text).toContain('holds no golden data');
  });

  it('says which folders it has not', async () => {
    await rm(join(root, 'chat'), { recursive: true });
    await rename(join(root, 'edge'), join(root, '..', 'edge-away'));
    const { text, failed } = await verify();
    await rm(join(root, '..', 'edge-away'), { recursive: true });
    expect(failed).toBe(0);
    expect(text).toContain('not checked, because the set has none: edge/, chat/');
  });
});

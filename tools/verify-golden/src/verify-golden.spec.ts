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
const STEP = `${MODEL}/f32/step_batch2`;

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
  if (root !== undefined) await rm(root, { recursive: true, force: true });
  root = `${complete}-copy`;
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

/** Changes what a JSON file holds. */
async function edit(path: string, change: (content: any) => void): Promise<void> {
  const content: unknown = JSON.parse(await readFile(join(root, path), 'utf8'));
  change(content);
  await writeFile(join(root, path), JSON.stringify(content));
}

/** Adds to one number of a tensor in a safetensors file. */
async function nudge(path: string, tensor: RegExp, amount: number): Promise<void> {
  const bytes = await readFile(join(root, path));
  const headerLength = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.subarray(8, 8 + headerLength).toString()) as Record<string, any>;
  const name = Object.keys(header).find((key) => tensor.test(key))!;
  const { dtype, data_offsets: offsets } = header[name];
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
    ['in a loss', 'loss/full_a05_v5.json', () => edit('loss/full_a05_v5.json', (c) => (c.expected.loss += 1e-4))],
    [
      'in a gradient of the logits',
      'loss/full_a05_v5.json',
      () => edit('loss/full_a05_v5.json', (c) => (c.expected.samples[0].grad_student_logits[0][0] += 1e-4)),
    ],
    [
      'in a support',
      'loss/stopk_a0_v11_k3.json',
      () => edit('loss/stopk_a0_v11_k3.json', (c) => (c.expected.samples[0].support_ids[0] = [0, 1, 2, 3])),
    ],
    [
      'in a mask, so that the reference is of other tokens',
      'loss/full_a05_v5.json',
      () => edit('loss/full_a05_v5.json', (c) => (c.samples[0].mask[0] = 0)),
    ],
    [
      'in an expected refusal',
      'edge/all_masked.json',
      () => edit('edge/all_masked.json', (c) => (c.expected.behaviour = 'error: length mismatch')),
    ],
    [
      'in the name of a behaviour',
      'edge/mask_too_short.json',
      () => edit('edge/mask_too_short.json', (c) => (c.expected.behaviour = 'error: other')),
    ],
    [
      'in the input of the twin without NaN',
      'edge/masked_rows_nan.json',
      () => edit('edge/masked_rows_reference.json', (c) => (c.samples[0].student_logits[0][0] += 1e-3)),
    ],
    [
      'in a moment',
      'optim/clip_active.json',
      () => edit('optim/clip_active.json', (c) => (c.expected[0].exp_avg.b[0] *= 1.001)),
    ],
    [
      'in a parameter',
      'optim/clip_active.json',
      () => edit('optim/clip_active.json', (c) => (c.expected.at(-1).params.a[0][0] += 1e-5)),
    ],
    [
      'in a skipped step',
      'optim/nan_step_skipped.json',
      () => edit('optim/nan_step_skipped.json', (c) => (c.expected[1].skipped = false)),
    ],
    [
      'in logits',
      `${MODEL}/f32/forward.json`,
      () => nudge(`${MODEL}/f32/golden_float64.safetensors`, /^logits_lora_1$/, 1e-3),
    ],
    [
      'in token log-probs',
      `${MODEL}/f32/forward.json`,
      () => nudge(`${MODEL}/f32/golden_float32.safetensors`, /^logprobs_base_0$/, 1e-3),
    ],
    [
      'in a weight of the model',
      `${MODEL}/f32/forward.json`,
      () => nudge(`${MODEL}/f32/model.safetensors`, /norm/, 0.1),
    ],
    [
      'in a continuation',
      `${MODEL}/f32/generation.json`,
      () =>
        edit(
          `${MODEL}/f32/generation.json`,
          (c) => (c.cases[3].output_ids[23] = (c.cases[3].output_ids[23] + 1) % 300),
        ),
    ],
    [
      'in the loss of a step',
      `${STEP}/step.json`,
      () => edit(`${STEP}/step.json`, (c) => (c.steps[2].float64.loss += 1e-3)),
    ],
    [
      'in the norm of the gradients',
      `${STEP}/step.json`,
      () => edit(`${STEP}/step.json`, (c) => (c.steps[1].float32.grad_norm *= 1.001)),
    ],
    [
      'in a log-prob of a masked token before the step',
      `${STEP}/step.json`,
      () =>
        edit(`${STEP}/step.json`, (c) => {
          const masked = c.samples.flatMap((s: any, i: number) => s.mask.map((m: number, t: number) => [m, i, t]));
          const [, sample, token] = masked.find(([m]: number[]) => m === 0);
          c.before_step_1[sample].teacher_logprobs_float64[token] += 1e-3;
        }),
    ],
    [
      'in a log-prob after the last step',
      `${STEP}/step.json`,
      () => edit(`${STEP}/step.json`, (c) => (c.after_step_3[0].student_logprobs_float64[1] += 1e-3)),
    ],
    ['in a gradient', `${STEP}/step.json`, () => nudge(`${STEP}/grads.safetensors`, /q_proj.lora_B/, 0.01)],
    [
      'in a gradient of the second reference',
      `${STEP}/step.json`,
      () => nudge(`${STEP}/float64.safetensors`, /^grad\./, 0.01),
    ],
    [
      'in a weight after a step',
      `${STEP}/step.json`,
      () => nudge(`${STEP}/lora_after_2.safetensors`, /down_proj.lora_A/, 1e-3),
    ],
    [
      'in a moment after the last step',
      `${STEP}/step.json`,
      () => nudge(`${STEP}/moments_after_3.safetensors`, /exp_avg_sq/, 1),
    ],
    [
      'in what the template renders',
      'chat/conversations.json no_system_default',
      () => edit('chat/conversations.json', (c) => (c.cases[0].text += ' ')),
    ],
    [
      'in the ids of a conversation',
      'chat/conversations.json special_token_text_in_user',
      () =>
        edit('chat/conversations.json', (c) =>
          c.cases.find(({ name }: { name: string }) => name.startsWith('special')).ids.push(0),
        ),
    ],
    ['in the ids of a string', 'chat/strings.json 1', () => edit('chat/strings.json', (c) => (c.cases[1].ids = [221]))],
    ['in a decoded string', 'chat/strings.json 2', () => edit('chat/strings.json', (c) => (c.cases[2].decoded = ' '))],
    [
      'in which tokenizer it is',
      'chat/strings.json tokenizer',
      () => edit('chat/strings.json', (c) => (c.sha256['tokenizer.json'] = '0'.repeat(64))),
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
    await rm(join(root, STEP, 'lora_after_2.safetensors'));
    await rm(join(root, MODEL, 'f32/golden_float32.safetensors'));
    const { failures } = await verify();
    expect(failures.map((line) => line.split(/ +/)[1])).toEqual([`${MODEL}/f32/forward.json`, `${STEP}/step.json`]);
  });

  it('fails for tensors that nothing is compared with', async () => {
    const path = join(root, MODEL, 'f32/golden_float64.safetensors');
    const bytes = await readFile(path);
    await writeFile(path, Buffer.from(bytes.toString('latin1').replace('logits_base_0', 'logits_base_7'), 'latin1'));
    expect((await verify()).text).toContain('float64: tensors that nothing is compared with: logits_base_7');
  });

  it('fails for JSON that is damaged, and goes on', async () => {
    await writeFile(join(root, 'optim/clip_active.json'), '{ "settings": ');
    await writeFile(join(root, STEP, 'step.json'), 'null');
    const { failures, passed } = await verify();
    expect(failures[0]).toContain('optim/clip_active.json');
    expect(failures.some((line) => line.includes(`${STEP}/step.json`))).toBe(true);
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

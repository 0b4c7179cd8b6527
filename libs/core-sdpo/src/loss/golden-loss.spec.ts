import { readdirSync, readFileSync } from 'node:fs';
import { tensor2d } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { createTensorBackend } from '@claas/tensor-backend';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sdpoBatchLoss } from './sdpo-batch-loss.js';
import type { SdpoBatchLoss, SdpoSample, SdpoSampleLoss } from './sdpo-batch-loss.js';
import { EmptyResponseError, LengthMismatchError, NonFiniteLossError } from './sdpo-errors.js';
import type { SdpoSettings } from './sdpo-settings.js';
import { ARITHMETICS } from './testing/arithmetics.js';

/** Numbers that JSON can't write stand as strings. */
type GoldenNumber = number | 'NaN' | 'Infinity' | '-Infinity';

interface GoldenSample {
  readonly response_ids: number[];
  readonly mask: number[];
  readonly old_logprobs: number[] | null;
  readonly student_logits: GoldenNumber[][];
  readonly teacher_logits: GoldenNumber[][];
  readonly base_logits: GoldenNumber[][];
}

interface ExpectedSample {
  readonly loss: number;
  readonly distill_loss: number;
  readonly divergence_mean: number;
  readonly mean_rho: number;
  readonly clip_fraction: number;
  readonly kl: number;
  readonly k3: number;
  readonly divergence: (number | null)[];
  readonly rho: (number | null)[];
  readonly kl_per_token: (number | null)[];
  readonly k3_per_token: (number | null)[];
  readonly student_logprobs: (number | null)[];
  readonly teacher_logprobs: (number | null)[];
  readonly base_logprobs: (number | null)[];
  readonly support_ids?: (number[] | null)[];
  readonly grad_student_logits: number[][];
}

interface GoldenCase {
  readonly name: string;
  readonly kind: 'loss' | 'edge';
  readonly vocab: number;
  readonly settings: {
    readonly alpha: number;
    readonly support: 'full' | 'student_topk' | 'teacher_topk';
    readonly k: number | null;
    readonly temperature: number;
    readonly is_clip: number;
    readonly kl_reg_weight: number;
  };
  readonly samples: readonly GoldenSample[];
  readonly expected: {
    readonly behaviour?: string;
    readonly loss: number;
    readonly distill_loss: number;
    readonly kl: number;
    readonly k3: number;
    readonly mean_rho: number;
    readonly clip_fraction: number;
    readonly samples: readonly ExpectedSample[];
  };
  readonly tolerance: { readonly value_atol: number; readonly value_rtol: number; readonly grad_atol: number };
}

const GOLDEN = new URL('../__fixtures__/golden/', import.meta.url);
const REFUSALS = {
  'error: empty response': EmptyResponseError,
  'error: length mismatch': LengthMismatchError,
  'skip: non-finite': NonFiniteLossError,
} as const;

/** The largest part of its tolerance that any value used, over all cases. */
const worst = { value: { share: 0, where: '' }, gradient: { share: 0, where: '' } };

beforeAll(async () => {
  await createTensorBackend('wasm');
});

afterAll(() => {
  console.info('Share of the golden tolerances in use:', JSON.stringify(worst));
});

const SETS = ['loss', 'edge'].flatMap((folder) => ARITHMETICS.map((arithmetic) => ({ folder, ...arithmetic })));

describe.each(SETS)('the golden cases of $folder, $arithmetic', ({ folder, largestFloat64Vocabulary }) => {
  const cases = readCases(folder);

  it('are all there', () => {
    expect(cases).toHaveLength(folder === 'loss' ? 49 : 14);
  });

  it.each(cases.map((golden) => [golden.name, golden] as const))('%s', (_name, golden) => {
    const evaluate = () =>
      sdpoBatchLoss(
        golden.samples.map((sample) => toSample(sample, golden.vocab)),
        { ...toSettings(golden), largestFloat64Vocabulary },
      );
    const behaviour = golden.expected.behaviour ?? 'number';
    if (behaviour === 'number') expectGolden(evaluate(), golden);
    else expect(evaluate).toThrow(REFUSALS[behaviour as keyof typeof REFUSALS]);
  });
});

function expectGolden(actual: SdpoBatchLoss, golden: GoldenCase): void {
  const { expected } = golden;
  expectValue(golden, 'loss', actual.loss, expected.loss);
  // Cases of `edge` have one sample and list its parts only.
  if (golden.kind === 'loss') {
    expectValue(golden, 'distill_loss', actual.distillLoss, expected.distill_loss);
    expectValue(golden, 'kl', actual.kl, expected.kl);
    expectValue(golden, 'k3', actual.k3, expected.k3);
    expectValue(golden, 'mean_rho', actual.meanRatio, expected.mean_rho);
    expectValue(golden, 'clip_fraction', actual.clipFraction, expected.clip_fraction);
  }
  expect(actual.samples).toHaveLength(expected.samples.length);
  actual.samples.forEach((sample, i) => {
    expectSample(golden, sample, expected.samples[i]!);
  });
}

function expectSample(golden: GoldenCase, actual: SdpoSampleLoss, expected: ExpectedSample): void {
  expectValue(golden, 'sample loss', actual.loss, expected.loss);
  expectValue(golden, 'sample distill_loss', actual.distillLoss, expected.distill_loss);
  expectValue(golden, 'divergence_mean', actual.divergenceMean, expected.divergence_mean);
  expectValue(golden, 'sample mean_rho', actual.meanRatio, expected.mean_rho);
  expectValue(golden, 'sample clip_fraction', actual.clipFraction, expected.clip_fraction);
  expectValue(golden, 'sample kl', actual.kl, expected.kl);
  expectValue(golden, 'sample k3', actual.k3, expected.k3);
  const unmasked = expected.divergence.flatMap((value, position) => (value === null ? [] : [position]));
  expect(actual.positions).toEqual(unmasked);
  const { rows } = actual;
  unmasked.forEach((position, row) => {
    expectValue(golden, 'divergence', rows.divergence[row], expected.divergence[position]);
    expectValue(golden, 'rho', rows.ratio[row], expected.rho[position]);
    expectValue(golden, 'kl_per_token', rows.kl?.[row], expected.kl_per_token[position]);
    expectValue(golden, 'k3_per_token', rows.k3?.[row], expected.k3_per_token[position]);
    expectValue(golden, 'student_logprobs', rows.studentLogprobs[row], expected.student_logprobs[position]);
    expectValue(golden, 'teacher_logprobs', rows.teacherLogprobs[row], expected.teacher_logprobs[position]);
    expectValue(golden, 'base_logprobs', rows.baseLogprobs?.[row], expected.base_logprobs[position]);
    if (expected.support_ids !== undefined) {
      const k = rows.supportIds!.length / unmasked.length;
      const ids = [...rows.supportIds!.subarray(row * k, (row + 1) * k)];
      expect(new Set(ids)).toEqual(new Set(expected.support_ids[position]));
    }
  });
  expectGradient(golden, rows.dStudentLogits, expected.grad_student_logits);
}

function expectValue(golden: GoldenCase, what: string, actual: unknown, expected: unknown): void {
  const reference = expected as number;
  const { value_atol, value_rtol } = golden.tolerance;
  const share = Math.abs((actual as number) - reference) / (value_atol + value_rtol * Math.abs(reference));
  if (share > worst.value.share) worst.value = { share, where: `${golden.name} ${what}` };
  expect(
    share,
    `${what}: ${String(actual)} where ${reference} is expected; share of the tolerance`,
  ).toBeLessThanOrEqual(1);
}

function expectGradient(golden: GoldenCase, actual: Tensor2D, expected: number[][]): void {
  const values = actual.dataSync();
  const reference = expected.flat();
  expect(values).toHaveLength(reference.length);
  const bound = golden.tolerance.grad_atol * Math.max(1, ...reference.map((value) => Math.abs(value)));
  const share = reference.reduce((most, value, i) => Math.max(most, Math.abs(values[i]! - value) / bound), 0);
  if (share > worst.gradient.share) worst.gradient = { share, where: golden.name };
  expect(share, 'share of the gradient tolerance').toBeLessThanOrEqual(1);
  expected.forEach((row, position) => {
    if (row.every((value) => value === 0)) {
      expect([...values.subarray(position * golden.vocab, (position + 1) * golden.vocab)].every((v) => v === 0)).toBe(
        true,
      );
    }
  });
}

function readCases(folder: string): GoldenCase[] {
  const directory = new URL(`${folder}/`, GOLDEN);
  return readdirSync(directory).map((file) => JSON.parse(readFileSync(new URL(file, directory), 'utf8')) as GoldenCase);
}

function toSample(sample: GoldenSample, V: number): SdpoSample {
  const logits = (rows: GoldenNumber[][]): Tensor2D =>
    tensor2d(Float32Array.from(rows.flat(), Number), [rows.length, V], 'float32');
  return {
    responseIds: sample.response_ids,
    mask: sample.mask,
    oldLogprobs: sample.old_logprobs,
    studentLogits: logits(sample.student_logits),
    teacherLogits: logits(sample.teacher_logits),
    baseLogits: logits(sample.base_logits),
  };
}

function toSettings({ settings }: GoldenCase): SdpoSettings {
  return {
    alpha: settings.alpha,
    temperature: settings.temperature,
    isClip: settings.is_clip,
    klRegWeight: settings.kl_reg_weight,
    support: settings.support === 'full' ? { kind: 'full' } : { kind: settings.support, k: settings.k! },
  };
}

import { memory, tensor2d } from '@tensorflow/tfjs-core';
import { createTensorBackend } from '@claas/tensor-backend';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { plainDivergence, plainFixed, plainGradient, plainLogSoftmax } from '../oracle/plain-sdpo.js';
import type { PlainRow } from '../oracle/plain-sdpo.js';
import { sdpoRows as rowsOf, sdpoRowValues as rowValuesOf } from './sdpo-rows.js';
import type { SdpoMeasuredRows, SdpoRows, SdpoRowsInput, SdpoRowValues } from './sdpo-rows.js';
import { LengthMismatchError } from './sdpo-errors.js';
import type { SdpoSettings } from './sdpo-settings.js';
import { ARITHMETICS } from './testing/arithmetics.js';
import { alphas, anySettings, rowOf, rows } from './testing/any-rows.js';

const SEED = { seed: 20261123 };
const SETTINGS: SdpoSettings = { alpha: 0.5, temperature: 1, isClip: 5, klRegWeight: 0, support: { kind: 'full' } };

beforeAll(async () => {
  await createTensorBackend('wasm');
});

function toInput(of: readonly PlainRow[], rowWeights = new Float32Array(of.length).fill(1)): SdpoRowsInput {
  const logits = (side: 'student' | 'teacher' | 'base') => tensor2d(of.map((row) => [...row[side]]));
  return {
    studentLogits: logits('student'),
    teacherLogits: logits('teacher'),
    baseLogits: logits('base'),
    tokenIds: Int32Array.from(of, (row) => row.tokenId),
    oldLogprobs: of.some((row) => row.old === null) ? null : of.map((row) => row.old!),
    rowWeights,
  };
}

function gradientOf(result: SdpoRows): number[][] {
  return result.dStudentLogits.arraySync();
}

function expectAllClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(actual).toHaveLength(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  actual.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!) / scale).toBeLessThanOrEqual(tolerance);
  });
}

describe.each(ARITHMETICS)('sdpoRows $arithmetic', ({ largestFloat64Vocabulary }) => {
  const sdpoRows = (input: SdpoRowsInput, settings: SdpoSettings): SdpoRows =>
    rowsOf(input, { ...settings, largestFloat64Vocabulary });
  const sdpoRowValues = (input: SdpoMeasuredRows, settings: SdpoSettings): SdpoRowValues =>
    rowValuesOf(input, { ...settings, largestFloat64Vocabulary });

  it('agrees with the definition in float64, for every alpha, support and temperature', () => {
    fc.assert(
      fc.property(rows, anySettings, (plain, settings) => {
        const result = sdpoRows(toInput(plain), settings);
        const fixed = plain.map((row) => plainFixed(row, settings));
        expectAllClose(
          [...result.divergence],
          plain.map((row, i) => plainDivergence(row, settings, fixed[i]!.support)),
          3e-6,
        );
        expectAllClose(
          [...result.ratio],
          fixed.map((one) => one.ratio),
          1e-5,
        );
        const logprobs = plain.map((row) => plainLogSoftmax(row.student, settings.temperature)[row.tokenId]!);
        expectAllClose([...result.studentLogprobs], logprobs, 1e-6);
      }),
      { ...SEED, numRuns: 150 },
    );
  });

  it('gives the gradient that finite differences of the float64 definition give', () => {
    fc.assert(
      fc.property(rows, anySettings, (plain, settings) => {
        const weights = Float32Array.from(plain, (_, i) => 1 / (i + 1));
        const gradient = gradientOf(sdpoRows(toInput(plain, weights), settings));
        plain.forEach((row, i) => {
          const expected = plainGradient(row, settings).map((value) => value * weights[i]!);
          expectAllClose(gradient[i]!, expected, 5e-6);
        });
      }),
      { ...SEED, numRuns: 150 },
    );
  });

  it('finds exactly nothing to learn where student and teacher have the same logits', () => {
    fc.assert(
      fc.property(rows, anySettings, (plain, settings) => {
        const same = plain.map((row) => ({ ...row, teacher: row.student }));
        const result = sdpoRows(toInput(same), { ...settings, klRegWeight: 0 });
        expect([...result.divergence].every((value) => value === 0)).toBe(true);
        // Where the tail bucket is at its lower limit it passes no gradient back, which leaves rounding of that limit's size.
        const bound = settings.support.kind === 'full' ? 0 : 5e-7;
        expect(
          gradientOf(result)
            .flat()
            .every((value) => Math.abs(value) <= bound),
        ).toBe(true);
      }),
      { ...SEED, numRuns: 150 },
    );
  });

  it('gives with all tokens in the support what the full vocabulary gives', () => {
    fc.assert(
      fc.property(
        rows,
        alphas,
        fc.constantFrom('student_topk', 'teacher_topk'),
        fc.nat(3),
        (plain, alpha, kind, more) => {
          const full = sdpoRows(toInput(plain), { ...SETTINGS, alpha });
          const k = plain[0]!.student.length + more;
          const all = sdpoRows(toInput(plain), { ...SETTINGS, alpha, support: { kind, k } });
          expectAllClose([...all.divergence], [...full.divergence], 2e-6);
          expectAllClose(gradientOf(all).flat(), gradientOf(full).flat(), 2e-6);
        },
      ),
      { ...SEED, numRuns: 100 },
    );
  });

  it('never sees more difference through a top-k support than there is in full', () => {
    fc.assert(
      fc.property(rows, anySettings, (plain, settings) => {
        const part = sdpoRowValues(toInput(plain), settings).divergence;
        const full = sdpoRowValues(toInput(plain), { ...settings, support: { kind: 'full' } }).divergence;
        part.forEach((value, i) => {
          expect(value).toBeLessThanOrEqual(full[i]! + 1e-6 * (1 + full[i]!));
          expect(value).toBeGreaterThanOrEqual(-1e-6);
        });
      }),
      { ...SEED, numRuns: 100 },
    );
  });

  it('stays finite for logits so extreme that probabilities underflow', () => {
    const extreme = fc.constantFrom(-10_000, -160, -80, 0, 80, 160, 10_000);
    const extremeRows = fc.integer({ min: 2, max: 7 }).chain((V) => {
      const logits = fc.array(extreme, { minLength: V, maxLength: V });
      const row = fc.record({
        student: logits,
        teacher: logits,
        base: logits,
        tokenId: fc.nat(V - 1),
        old: fc.constant(-1),
      });
      return fc.array(row, { minLength: 1, maxLength: 3 });
    });
    fc.assert(
      fc.property(extremeRows, anySettings, fc.option(fc.constantFrom(1e-7, 1 - 1e-7)), (plain, settings, nearEnd) => {
        const result = sdpoRows(toInput(plain), { ...settings, alpha: nearEnd ?? settings.alpha });
        const { divergence, ratio, kl, k3, studentLogprobs } = result;
        for (const values of [divergence, ratio, kl!, k3!, studentLogprobs]) {
          expect([...values].every(Number.isFinite)).toBe(true);
        }
        expect(gradientOf(result).flat().every(Number.isFinite)).toBe(true);
      }),
      { ...SEED, numRuns: 150 },
    );
  });

  it('gives each row the same bits, however the rows are cut into chunks', () => {
    const input = fc.integer({ min: 2, max: 11 }).chain((V) => fc.array(rowOf(V), { minLength: 5, maxLength: 5 }));
    fc.assert(
      fc.property(input, anySettings, (plain, settings) => {
        const whole = sdpoRows(toInput(plain), settings);
        const chunks = [plain.slice(0, 2), plain.slice(2, 3), plain.slice(3)].map((part) =>
          sdpoRows(toInput(part), settings),
        );
        expect(chunks.flatMap((chunk) => [...chunk.divergence])).toEqual([...whole.divergence]);
        expect(chunks.flatMap((chunk) => [...chunk.kl!])).toEqual([...whole.kl!]);
        expect(chunks.flatMap(gradientOf)).toEqual(gradientOf(whole));
      }),
      { ...SEED, numRuns: 50 },
    );
  });

  it('reports the same values with and without the gradient', () => {
    fc.assert(
      fc.property(rows, anySettings, (plain, settings) => {
        const { dStudentLogits, ...values } = sdpoRows(toInput(plain), settings);
        dStudentLogits.dispose();
        expect(sdpoRowValues(toInput(plain), settings)).toEqual(values);
      }),
      { ...SEED, numRuns: 30 },
    );
  });

  it('leaves ratios at 1 and the regularizer out where their inputs are absent', () => {
    const plain = fc.sample(rows, { ...SEED, numRuns: 1 })[0]!;
    const result = sdpoRows(
      { ...toInput(plain), oldLogprobs: null, baseLogits: null },
      { ...SETTINGS, klRegWeight: 1 },
    );
    expect([...result.ratio].every((ratio) => ratio === 1)).toBe(true);
    expect([...result.isClipped].every((flag) => flag === 0)).toBe(true);
    expect([result.kl, result.k3, result.baseLogprobs, result.supportIds]).toEqual([null, null, null, null]);
  });

  it('cuts ratios at isClip and says where', () => {
    const row = { student: [0, 1], teacher: [1, 0], base: [0, 0], tokenId: 1 };
    const [logprob] = sdpoRowValues(toInput([{ ...row, old: -1 }]), SETTINGS).studentLogprobs;
    const ratioFor = (old: number) => sdpoRowValues(toInput([{ ...row, old }]), SETTINGS);
    expect(ratioFor(logprob! - Math.log(4.9)).isClipped[0]).toBe(0);
    expect(ratioFor(logprob! - Math.log(5.1)).isClipped[0]).toBe(1);
    expect(ratioFor(logprob! - Math.log(5.1)).ratio[0]).toBe(5);
    expect(sdpoRowValues(toInput([{ ...row, old: -1000 }]), { ...SETTINGS, isClip: 1e30 }).ratio[0]).toBe(
      Math.fround(Math.exp(20)),
    );
  });

  it('refuses lists of other lengths, unknown tokens and an empty support', () => {
    const input = toInput(fc.sample(rows, { ...SEED, numRuns: 1 })[0]!);
    const [R, V] = input.studentLogits.shape;
    expect(() => sdpoRows({ ...input, oldLogprobs: new Float32Array(R + 1) }, SETTINGS)).toThrow(LengthMismatchError);
    expect(() => sdpoRows({ ...input, tokenIds: new Int32Array(R + 1) }, SETTINGS)).toThrow(LengthMismatchError);
    expect(() => sdpoRows({ ...input, tokenIds: new Int32Array(R).fill(V) }, SETTINGS)).toThrow(RangeError);
    const support = { kind: 'student_topk', k: 0 } as const;
    expect(() => sdpoRows(input, { ...SETTINGS, support })).toThrow(RangeError);
  });

  it('leaves one tensor behind, the gradient', () => {
    const input = toInput(fc.sample(rows, { ...SEED, numRuns: 1 })[0]!);
    for (const support of [{ kind: 'full' }, { kind: 'teacher_topk', k: 2 }] as const) {
      const before = memory().numTensors;
      const { dStudentLogits } = sdpoRows(input, { ...SETTINGS, support, klRegWeight: 0.1 });
      expect(memory().numTensors - before).toBe(1);
      dStudentLogits.dispose();
      sdpoRowValues(input, { ...SETTINGS, support });
      expect(memory().numTensors - before).toBe(0);
    }
  });
});

describe('sdpoRows over the vocabulary of a real model', () => {
  it('keeps its precision', () => {
    const V = 151_936;
    const logits = (seed: number) => Float32Array.from({ length: V }, (_, i) => 4 * Math.sin((i + 1) * seed * 0.7311));
    const [student, teacher, base] = [logits(1), logits(1.3), logits(1.7)];
    const tensor = (values: Float32Array) => tensor2d(values, [1, V]);
    for (const alpha of [0, 0.5, 1]) {
      const settings = { ...SETTINGS, alpha };
      const values = rowValuesOf(
        {
          studentLogits: tensor(student),
          teacherLogits: tensor(teacher),
          baseLogits: tensor(base),
          tokenIds: Int32Array.of(17),
          oldLogprobs: null,
        },
        settings,
      );
      const logprob = plainLogSoftmaxOfMany(student)(17);
      expect(Math.abs(values.studentLogprobs[0]! - logprob)).toBeLessThan(3e-6);
      const expected = plainDivergenceOfMany(student, teacher, alpha);
      expect(Math.abs(values.divergence[0]! - expected)).toBeLessThan(2e-6 * Math.max(1, expected));
    }
  });
});

/** As in the oracle, without spreading a vocabulary over arguments. */
function plainLogSoftmaxOfMany(logits: ArrayLike<number>): (id: number) => number {
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i]!);
  const logSum = Math.log(sum);
  return (id) => logits[id]! - logSum;
}

function plainDivergenceOfMany(student: Float32Array, teacher: Float32Array, alpha: number): number {
  const [S, T] = [plainLogSoftmaxOfMany(student), plainLogSoftmaxOfMany(teacher)];
  let divergence = 0;
  for (let i = 0; i < student.length; i++) {
    const [s, t] = [S(i), T(i)];
    const m = Math.log((1 - alpha) * Math.exp(s) + alpha * Math.exp(t));
    if (alpha === 0) divergence += Math.exp(t) * (t - s);
    else if (alpha === 1) divergence += Math.exp(s) * (s - t);
    else divergence += (1 - alpha) * Math.exp(s) * (s - m) + alpha * Math.exp(t) * (t - m);
  }
  return divergence;
}

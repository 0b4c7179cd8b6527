import { memory, tensor2d } from '@tensorflow/tfjs-core';
import { createTensorBackend } from '@claas/tensor-backend';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { sdpoBatchLoss } from './sdpo-batch-loss.js';
import type { SdpoBatchLoss, SdpoSample } from './sdpo-batch-loss.js';
import { EmptyResponseError, LengthMismatchError, NonFiniteLossError } from './sdpo-errors.js';
import type { SdpoSettings } from './sdpo-settings.js';
import { ARITHMETICS } from './testing/arithmetics.js';

const SEED = { seed: 20261123, numRuns: 60 };
const V = 7;

/** Plain numbers of a sample, so that cases can be edited before they become tensors. */
interface Draft {
  readonly ids: number[];
  readonly mask: number[];
  readonly old: number[];
  readonly student: number[][];
  readonly teacher: number[][];
  readonly base: number[][];
}

const position = fc.record({
  id: fc.nat(V - 1),
  isCounted: fc.boolean(),
  old: fc.double({ min: -6, max: -0.1, noNaN: true }),
  logits: fc.tuple(
    ...(['student', 'teacher', 'base'] as const).map(() =>
      fc.uniqueArray(fc.integer({ min: -99, max: 99 }), { minLength: V, maxLength: V }),
    ),
  ),
});

const drafts: fc.Arbitrary<Draft> = fc.array(position, { minLength: 1, maxLength: 6 }).map((positions) => ({
  ids: positions.map((one) => one.id),
  // The first position always counts: a fully masked sample is another test.
  mask: positions.map((one, i) => (i === 0 || one.isCounted ? 1 : 0)),
  old: positions.map((one) => one.old),
  student: positions.map((one) => one.logits[0]!.map((value) => value / 16)),
  teacher: positions.map((one) => one.logits[1]!.map((value) => value / 16)),
  base: positions.map((one) => one.logits[2]!.map((value) => value / 16)),
}));

const settings: fc.Arbitrary<SdpoSettings> = fc.record({
  alpha: fc.constantFrom(0, 0.3, 1),
  temperature: fc.constantFrom(0.7, 1),
  isClip: fc.constant(5),
  klRegWeight: fc.constantFrom(0, 0.05),
  support: fc.constantFrom<SdpoSettings['support']>(
    { kind: 'full' },
    { kind: 'student_topk', k: 3 },
    { kind: 'teacher_topk', k: 3 },
  ),
});

const SETTINGS = fc.sample(settings, { seed: 1, numRuns: 1 })[0]!;
const DRAFT = fc.sample(drafts, { seed: 5, numRuns: 1 })[0]!;

beforeAll(async () => {
  await createTensorBackend('wasm');
});

function toSample(draft: Draft): SdpoSample {
  const logits = (rows: number[][]) => tensor2d(rows.flat(), [rows.length, V], 'float32');
  return {
    responseIds: draft.ids,
    mask: draft.mask,
    oldLogprobs: draft.old,
    studentLogits: logits(draft.student),
    teacherLogits: logits(draft.teacher),
    baseLogits: logits(draft.base),
  };
}

function gradients(loss: SdpoBatchLoss): number[][][] {
  return loss.samples.map((sample) => sample.rows.dStudentLogits.arraySync());
}

/** The draft with every masked position's numbers replaced. */
function withMaskedLogits(draft: Draft, value: number): Draft {
  const replace = (rows: number[][]) => rows.map((row, i) => (draft.mask[i] === 0 ? row.map(() => value) : row));
  return {
    ...draft,
    old: draft.old.map((old, i) => (draft.mask[i] === 0 ? value : old)),
    student: replace(draft.student),
    teacher: replace(draft.teacher),
    base: replace(draft.base),
  };
}

/** The draft with masked positions at its end. */
function padded(draft: Draft, count: number): Draft {
  const extra = <T>(value: T): T[] => Array.from({ length: count }, () => value);
  const row = Array.from({ length: V }, (_, i) => i);
  return {
    ids: [...draft.ids, ...extra(0)],
    mask: [...draft.mask, ...extra(0)],
    old: [...draft.old, ...extra(0)],
    student: [...draft.student, ...extra(row)],
    teacher: [...draft.teacher, ...extra(row)],
    base: [...draft.base, ...extra(row)],
  };
}

describe.each(ARITHMETICS)('sdpoBatchLoss $arithmetic', ({ largestFloat64Vocabulary }) => {
  const lossOf = (batch: readonly Draft[], by: SdpoSettings): SdpoBatchLoss =>
    sdpoBatchLoss(batch.map(toSample), { ...by, largestFloat64Vocabulary });

  it('gives the same bits whatever stands at masked positions, NaN and infinity included', () => {
    fc.assert(
      fc.property(drafts, settings, fc.constantFrom(NaN, Infinity, -Infinity, 1e30), (draft, by, value) => {
        const [clean, dirty] = [lossOf([draft], by), lossOf([withMaskedLogits(draft, value)], by)];
        expect(dirty.loss).toBe(clean.loss);
        expect(gradients(dirty)).toEqual(gradients(clean));
        const masked = gradients(dirty)[0]!.filter((_, i) => draft.mask[i] === 0);
        expect(masked.flat().every((one) => one === 0)).toBe(true);
      }),
      SEED,
    );
  });

  it('gives the same bits with and without padding at the end', () => {
    fc.assert(
      fc.property(drafts, settings, fc.integer({ min: 1, max: 5 }), (draft, by, count) => {
        const [bare, long] = [lossOf([draft], by), lossOf([padded(draft, count)], by)];
        expect(long.loss).toBe(bare.loss);
        expect(gradients(long)[0]!.slice(0, draft.ids.length)).toEqual(gradients(bare)[0]);
      }),
      SEED,
    );
  });

  it('is the mean of its samples, each with its own number of tokens, and so are its gradients', () => {
    fc.assert(
      fc.property(fc.array(drafts, { minLength: 2, maxLength: 3 }), settings, (batch, by) => {
        const together = lossOf(batch, by);
        const alone = batch.map((draft) => lossOf([draft], by));
        const mean = alone.reduce((sum, one) => sum + one.loss, 0) / batch.length;
        expect(Math.abs(together.loss - mean)).toBeLessThan(1e-6 * Math.max(1, mean));
        gradients(together).forEach((gradient, i) => {
          const single = gradients(alone[i]!)[0]!.flat();
          gradient.flat().forEach((value, j) => {
            expect(Math.abs(value - single[j]! / batch.length)).toBeLessThan(1e-6);
          });
        });
      }),
      SEED,
    );
  });

  it('adds the weighted KL to the mean of ratio times divergence', () => {
    fc.assert(
      fc.property(drafts, settings, (draft, by) => {
        const { loss, distillLoss, kl, samples } = lossOf([draft], by);
        const { divergence, ratio } = samples[0]!.rows;
        const weighed = divergence.reduce((sum, D, i) => sum + D * ratio[i]!, 0) / divergence.length;
        expect(distillLoss).toBeCloseTo(weighed, 5);
        expect(loss).toBeCloseTo(distillLoss + by.klRegWeight * kl!, 10);
      }),
      SEED,
    );
  });

  it('refuses empty and fully masked responses, also one within a batch', () => {
    const masked = { ...DRAFT, mask: DRAFT.mask.map(() => 0) };
    const empty = { ids: [], mask: [], old: [], student: [], teacher: [], base: [] };
    for (const batch of [[], [masked], [empty], [DRAFT, masked], [empty, DRAFT]]) {
      expect(() => lossOf(batch, SETTINGS)).toThrow(EmptyResponseError);
    }
  });

  it('refuses lists of unequal length and names the list', () => {
    const longer = [...DRAFT.old, -1];
    expect(() => lossOf([{ ...DRAFT, old: longer }], SETTINGS)).toThrow(/oldLogprobs of sample 0 has/);
    expect(() => lossOf([{ ...DRAFT, old: DRAFT.old.slice(1) }], SETTINGS)).toThrow(LengthMismatchError);
    expect(() => lossOf([{ ...DRAFT, mask: [...DRAFT.mask, 1] }], SETTINGS)).toThrow(LengthMismatchError);
    expect(() => lossOf([{ ...DRAFT, teacher: [...DRAFT.teacher, ...DRAFT.teacher] }], SETTINGS)).toThrow(
      LengthMismatchError,
    );
  });

  it('refuses any value that is not finite at a position that counts, for every alpha and support', () => {
    const sides = fc.constantFrom('student' as const, 'teacher' as const, 'base' as const);
    fc.assert(
      fc.property(
        drafts,
        settings,
        sides,
        fc.nat(V - 1),
        fc.constantFrom(NaN, Infinity, -Infinity),
        (draft, by, side, at, value) => {
          const spoiled = draft[side].map((row, i) => (i === 0 ? row.map((one, j) => (j === at ? value : one)) : row));
          expect(() => lossOf([{ ...draft, [side]: spoiled }], by)).toThrow(NonFiniteLossError);
        },
      ),
      { ...SEED, numRuns: 200 },
    );
    expect(() => lossOf([{ ...DRAFT, old: DRAFT.old.map(() => NaN) }], SETTINGS)).toThrow(NonFiniteLossError);
  });

  it('leaves gradients behind and nothing else, and nothing at all when it refuses', () => {
    const good = toSample(DRAFT);
    const bad = toSample({ ...DRAFT, student: DRAFT.student.map((row) => row.map(() => NaN)) });
    const before = memory().numTensors;
    const loss = sdpoBatchLoss([good, good], SETTINGS);
    expect(memory().numTensors - before).toBe(2);
    for (const sample of loss.samples) sample.rows.dStudentLogits.dispose();
    expect(() => sdpoBatchLoss([good, bad], SETTINGS)).toThrow(NonFiniteLossError);
    expect(memory().numTensors - before).toBe(0);
  });
});

import fc from 'fast-check';
import { tensor2d, tidy } from '@tensorflow/tfjs-core';
import { sdpoRows } from '@claas/core-sdpo';
import type { SdpoSettings } from '@claas/core-sdpo';
import { evaluateSdpo } from '@claas/engine-tinker/sdpo';
import type { PositionLogprobs } from '@claas/engine-tinker/sdpo';
import { createTensorBackend } from '@claas/tensor-backend';
import { beforeAll, describe, expect, it } from 'vitest';

const V = 12;

beforeAll(async () => {
  await createTensorBackend('wasm');
});

interface Rows {
  readonly student: readonly number[][];
  readonly teacher: readonly number[][];
  readonly base: readonly number[][];
  readonly tokenIds: readonly number[];
  readonly old: readonly number[];
}

/** No tail is smaller than what the bucket has at least. */
const logit = fc.float({ min: -4, max: 4, noNaN: true }).map(Math.fround);
const row = fc.array(logit, { minLength: V, maxLength: V });
const rows: fc.Arbitrary<Rows> = fc.integer({ min: 1, max: 4 }).chain((T) => {
  const matrix = fc.array(row, { minLength: T, maxLength: T });
  return fc.record({
    student: matrix,
    teacher: matrix,
    base: matrix,
    tokenIds: fc.array(fc.integer({ min: 0, max: V - 1 }), { minLength: T, maxLength: T }),
    old: fc.array(fc.double({ min: -8, max: 0, noNaN: true }), { minLength: T, maxLength: T }),
  });
});
const alphas = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0.01, max: 0.99, noNaN: true }));

function logSoftmax(logits: readonly number[]): number[] {
  const top = Math.max(...logits);
  const normalizer = top + Math.log(logits.reduce((sum, one) => sum + Math.exp(one - top), 0));
  return logits.map((one) => one - normalizer);
}

/** What a service tells of logits: log-probs at some ids, and the sampled token's. */
function told(
  logits: readonly number[][],
  support: readonly number[][],
  tokenIds: readonly number[],
): PositionLogprobs[] {
  return logits.map((one, t) => {
    const logprobs = logSoftmax(one);
    return {
      support: { logprobs: Float64Array.from(support[t]!, (id) => logprobs[id]!), isWhole: support[t]!.length === V },
      token: logprobs[tokenIds[t]!]!,
    };
  });
}

/** The gradient of a cross-entropy with these weights: Σ_k w_k·(softmax − one-hot), as a service computes it. */
function crossEntropyGradient(logits: readonly number[], ids: readonly number[], weights: Float64Array): number[] {
  const total = weights.reduce((sum, one) => sum + one, 0);
  const d = logSoftmax(logits).map((logprob) => total * Math.exp(logprob));
  ids.forEach((id, k) => (d[id]! -= weights[k]!));
  return d;
}

function agrees(input: Rows, K: number, alpha: number, temperature: number): void {
  const { student, teacher, base, tokenIds, old } = input;
  const T = student.length;
  const settings: SdpoSettings = {
    alpha,
    temperature,
    support: { kind: 'student_topk', k: K },
    isClip: 3,
    klRegWeight: K === V ? 0.1 : 0,
  };
  const { dStudentLogits, ...core } = tidy(
    () =>
      sdpoRows(
        {
          studentLogits: tensor2d(student as number[][]),
          teacherLogits: tensor2d(teacher as number[][]),
          baseLogits: tensor2d(base as number[][]),
          tokenIds: Int32Array.from(tokenIds),
          oldLogprobs: old,
          rowWeights: new Float32Array(T).fill(1 / T),
        },
        settings,
      ) as never,
  ) as ReturnType<typeof sdpoRows>;
  const expected = dStudentLogits.arraySync();
  dStudentLogits.dispose();
  const support = Array.from({ length: T }, (_, t) => [...core.supportIds!.subarray(t * K, (t + 1) * K)]);
  const tell = (logits: readonly number[][]): PositionLogprobs[] => told(logits, support, tokenIds);
  const ours = evaluateSdpo(
    { student: tell(student), teacher: tell(teacher), base: tell(base), rolloutLogprobs: old },
    settings,
  );

  const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, one) => sum + one, 0) / T;
  expect(ours.divergence).toBeCloseTo(mean(core.divergence), 5);
  expect(ours.meanRatio).toBeCloseTo(mean(core.ratio), 5);
  expect(ours.clipFraction).toBeCloseTo(mean(core.isClipped), 6);
  ours.studentLogprobs.forEach((logprob, t) => {
    expect(logprob).toBeCloseTo(core.studentLogprobs[t]!, 4);
  });
  if (K === V) expect(ours.kl!).toBeCloseTo(mean(core.kl!), 5);

  // core-sdpo computes in float32, where large weights of a tiny tail cancel.
  const size = Math.max(...expected.flat().map(Math.abs));
  const largest = Math.max(...ours.weights.flatMap((weights) => Array.from(weights, Math.abs)));
  const tolerance = 1e-4 * size + 1e-6 * Math.max(1, largest);
  student.forEach((logits, t) => {
    const gradient = crossEntropyGradient(logits, support[t]!, ours.weights[t]!);
    gradient.forEach((d, v) => {
      expect(Math.abs(d - expected[t]![v]!)).toBeLessThan(tolerance);
    });
  });
}

describe('the loss from log-probs, and a cross-entropy with its weights', () => {
  it('agree with core-sdpo on any support, for every alpha', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: V - 1 }), alphas, (input, K, alpha) => {
        agrees(input, K, alpha, 1);
      }),
      { seed: 7, numRuns: 150 },
    );
  });

  it('agree with it on the whole vocabulary, at any temperature, the KL to the base included', () => {
    fc.assert(
      fc.property(rows, alphas, fc.constantFrom(0.5, 1, 1.7), (input, alpha, temperature) => {
        agrees(input, V, alpha, temperature);
      }),
      { seed: 8, numRuns: 100 },
    );
  });

  it('are zero where student and teacher say the same', () => {
    const support = [[0, 1, 2]];
    const logits = [Array.from({ length: V }, (_, v) => Math.sin(v))];
    for (const alpha of [0, 0.5, 1]) {
      const same = told(logits, support, [1]);
      const input = { student: same, teacher: same, base: null, rolloutLogprobs: null };
      const { loss, weights } = evaluateSdpo(input, { alpha, isClip: 5, klRegWeight: 0, temperature: 1 });
      expect(loss).toBe(0);
      const gradient = crossEntropyGradient(logits[0]!, support[0]!, weights[0]!);
      for (const d of gradient) expect(Math.abs(d)).toBeLessThan(1e-12);
    }
  });
});

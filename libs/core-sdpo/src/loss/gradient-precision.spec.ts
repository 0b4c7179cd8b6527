import { tensor2d } from '@tensorflow/tfjs-core';
import { createTensorBackend } from '@claas/tensor-backend';
import { beforeAll, describe, expect, it } from 'vitest';
import { plainLogSoftmax } from '../oracle/plain-sdpo.js';
import { sdpoRows } from './sdpo-rows.js';

const V = 64;
/** One token has 1 − 1e-4 of both sides, so that what float32 rounds off it is as large as the rest of the row. */
const LOGIT_OF_THE_LIKELIEST = 13.3;

beforeAll(async () => {
  await createTensorBackend('wasm');
});

function row(phase: number): number[] {
  const logits = Array.from({ length: V }, (_, v) => Math.fround(Math.sin(phase * (v + 1))));
  logits[7] = Math.fround(LOGIT_OF_THE_LIKELIEST + phase / 10);
  return logits;
}

describe('the gradient of a row in which one token has nearly all', () => {
  const student = [1, 2, 3, 4].map((phase) => row(phase));
  const teacher = [1.1, 2.1, 3.1, 4.1].map((phase) => row(phase));

  const full = { kind: 'full' } as const;
  const topk = { kind: 'student_topk', k: V } as const;
  // In float64: what rounding log-probs and the gradient itself to float32 leaves.
  it.each(
    [0, 0.5, 1].flatMap((alpha) => [
      { alpha, support: full, computed: 'in float64', limit: V, tolerance: 2e-6 },
      { alpha, support: full, computed: 'by tensors', limit: 0, tolerance: 1e-5 },
      { alpha, support: topk, computed: 'by tensors', limit: 0, tolerance: 1e-5 },
    ]),
  )('keeps its digits: alpha $alpha, $support, $computed', ({ alpha, support, limit, tolerance }) => {
    const { dStudentLogits } = sdpoRows(
      {
        studentLogits: tensor2d(student),
        teacherLogits: tensor2d(teacher),
        baseLogits: null,
        tokenIds: new Int32Array(student.length).fill(7),
        oldLogprobs: null,
        rowWeights: new Float32Array(student.length).fill(1),
      },
      { alpha, temperature: 1, isClip: 5, klRegWeight: 0, support, largestFloat64Vocabulary: limit },
    );
    const actual = dStudentLogits.arraySync();
    dStudentLogits.dispose();
    student.forEach((logits, r) => {
      const expected = exactGradient(logits, teacher[r]!, alpha);
      const difference = Math.hypot(...expected.map((d, v) => actual[r]![v]! - d));
      expect(difference / Math.hypot(...expected)).toBeLessThan(tolerance);
    });
  });
});

/** The closed forms in float64, as they are written on paper. */
function exactGradient(studentLogits: readonly number[], teacherLogits: readonly number[], alpha: number): number[] {
  const [logS, logT] = [plainLogSoftmax(studentLogits, 1), plainLogSoftmax(teacherLogits, 1)];
  const S = logS.map(Math.exp);
  if (alpha === 0) return S.map((one, v) => one - Math.exp(logT[v]!));
  const ratios = logS.map((one, v) => one - (alpha === 1 ? logT[v]! : mixed(one, logT[v]!, alpha)));
  const mean = ratios.reduce((sum, ratio, v) => sum + S[v]! * ratio, 0);
  return S.map((one, v) => (alpha === 1 ? 1 : 1 - alpha) * one * (ratios[v]! - mean));
}

function mixed(logS: number, logT: number, alpha: number): number {
  return Math.log((1 - alpha) * Math.exp(logS) + alpha * Math.exp(logT));
}

import { concat, slice, split } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { expectClose, heads, matrix, vector } from './contract-subject.js';
import type { ContractSubject } from './contract-subject.js';
import { finiteDifferences, seededValues } from './oracle/plain-array.js';
import type { PlainArray } from './oracle/plain-array.js';
import { plainLogSoftmax, plainRmsNorm, plainRotate, plainSwiglu } from './oracle/plain-operations.js';

const EPSILON = 1e-6;
const [N, C] = [5, 12];
const [H, T, D] = [3, 4, 6];

/** Norms, activations and rotations: operations on rows of channels. */
export function rowOperationsContract(subject: () => ContractSubject): void {
  describe('RMS norm', () => {
    const [x, weight, dy] = [seededValues(N * C, 6, 3), seededValues(C, 7), seededValues(N * C, 8)];

    it('normalizes rows, a row of zeros included', () => {
      const { backend, tolerance } = subject();
      const withZeros = x.map((value, i) => (i < C ? 0 : value));
      const { y, inverseRms } = backend.rmsNorm(matrix(withZeros, N), vector(weight), EPSILON);
      expectClose(y, plainRmsNorm(withZeros, weight, EPSILON), tolerance);
      expect(inverseRms.shape).toEqual([N, 1]);
    });

    it('passes gradients back', () => {
      const { backend, tolerance } = subject();
      const { inverseRms } = backend.rmsNorm(matrix(x, N), vector(weight), EPSILON);
      const dx = backend.rmsNormBackward(matrix(dy, N), matrix(x, N), vector(weight), inverseRms);
      expectClose(
        dx,
        finiteDifferences((at) => plainRmsNorm(at, weight, EPSILON), x, dy),
        tolerance,
      );
    });
  });

  it('RMS norm without a weight is that with ones', () => {
    const { backend, tolerance } = subject();
    const [x, dy] = [seededValues(N * C, 44, 3), seededValues(N * C, 45)];
    const ones = new Float64Array(C).fill(1);
    const { y, inverseRms } = backend.rmsNorm(matrix(x, N), null, EPSILON);
    expectClose(y, plainRmsNorm(x, ones, EPSILON), tolerance);
    const dx = backend.rmsNormBackward(matrix(dy, N), matrix(x, N), null, inverseRms);
    const expected = finiteDifferences((at) => plainRmsNorm(at, ones, EPSILON), x, dy);
    expectClose(dx, expected, tolerance);
  });

  describe('heads', () => {
    const values = Float64Array.from({ length: T * H * D }, (_, i) => i);
    const byHead = Float64Array.from({ length: T * H * D }, (_, i) => {
      const [head, t, d] = [Math.floor(i / (T * D)), Math.floor(i / D) % T, i % D];
      return (t * H + head) * D + d;
    });

    it('are cut out of rows, whatever the form of these', () => {
      const { backend } = subject();
      for (const rows of [matrix(values, T), backend.compress(matrix(values, T))]) {
        const split = backend.splitHeads(rows, D);
        expect(split.shape).toEqual([H, T, D]);
        expect([...split.dataSync()]).toEqual([...byHead]);
      }
      expect(backend.splitHeads(matrix(values, 1), D).shape).toEqual([T * H, 1, D]);
    });

    it('are put side by side in rows, those of all parts', () => {
      const { backend } = subject();
      const [first, others] = [heads(byHead.slice(0, T * D), 1, T), heads(byHead.slice(T * D), H - 1, T)];
      expect([...backend.restore(backend.mergeHeads([first, others])).dataSync()]).toEqual([...values]);
      const one = backend.mergeHeads([heads(values, T * H, 1)]);
      expect(one.shape).toEqual([1, T * H * D]);
      expect([...backend.restore(one).dataSync()]).toEqual([...values]);
    });
  });

  describe('rotary embedding', () => {
    const [x, dy] = [seededValues(H * T * D, 9), seededValues(H * T * D, 10)];
    const angles = Float64Array.from({ length: T * D }, (_, i) => (Math.floor(i / D) + 1) * 10 ** -(i % (D / 2)));
    const [cos, sin] = [angles.map(Math.cos), angles.map(Math.sin)];

    it('rotates the two halves of each head against each other', () => {
      const { backend, tolerance } = subject();
      const rotated = backend.rotate(heads(x, H, T), matrix(cos, T), matrix(sin, T));
      expect(rotated.shape).toEqual([H, T, D]);
      expectClose(rotated, plainRotate(x, cos, sin, D), tolerance);
    });

    it('passes gradients back, which is the rotation undone', () => {
      const { backend, tolerance } = subject();
      const dx = backend.rotateBackward(heads(dy, H, T), matrix(cos, T), matrix(sin, T));
      expectClose(
        dx,
        finiteDifferences((at) => plainRotate(at, cos, sin, D), x, dy),
        tolerance,
      );
      const back = backend.rotateBackward(
        backend.rotate(heads(x, H, T), matrix(cos, T), matrix(sin, T)),
        matrix(cos, T),
        matrix(sin, T),
      );
      expectClose(back, x, tolerance);
    });
  });

  describe('SwiGLU', () => {
    const [gate, up, dy] = [seededValues(N * C, 11, 8), seededValues(N * C, 12, 2), seededValues(N * C, 13)];

    it('gates', () => {
      const { backend, tolerance } = subject();
      expectClose(backend.swiglu(sideBySide(gate, up, N)), plainSwiglu(gate, up), tolerance);
    });

    it('passes gradients back to gate and up', () => {
      const { backend, tolerance } = subject();
      const { dGateUp, activated } = backend.swigluBackward(matrix(dy, N), sideBySide(gate, up, N));
      expectClose(activated, plainSwiglu(gate, up), tolerance);
      const [dGate, dUp] = split(dGateUp, 2, 1) as [Tensor2D, Tensor2D];
      expectClose(
        dGate,
        finiteDifferences((at) => plainSwiglu(at, up), gate, dy),
        tolerance,
      );
      expectClose(
        dUp,
        finiteDifferences((at) => plainSwiglu(gate, at), up, dy),
        tolerance,
      );
    });

    it('does both in the short form', () => {
      const { backend, shortTolerance } = subject();
      const gateUp = backend.compress(sideBySide(gate, up, N));
      expectClose(backend.restore(backend.swiglu(gateUp)), plainSwiglu(gate, up), shortTolerance);
      const backward = backend.swigluBackward(backend.compress(matrix(dy, N)), gateUp);
      expectClose(backend.restore(backward.activated), plainSwiglu(gate, up), shortTolerance);
      const dGateUp = backend.restore(backward.dGateUp);
      const dUp = finiteDifferences((at) => plainSwiglu(gate, at), up, dy);
      expectClose(slice(dGateUp, [0, C], [N, C]), dUp, shortTolerance);
    });

    it('saturates without overflow', () => {
      const { backend, tolerance } = subject();
      const [far, ones] = [Float64Array.of(-200, -100, 0, 100, 200), new Float64Array(5).fill(1)];
      const gateUp = sideBySide(far, ones, 1);
      expectClose(backend.swiglu(gateUp), plainSwiglu(far, ones), tolerance);
      const { dGateUp } = backend.swigluBackward(matrix(ones, 1), gateUp);
      expectClose(slice(dGateUp, [0, 0], [1, 5]), Float64Array.of(0, 0, 0.5, 1, 1), tolerance);
    });
  });

  describe('log-softmax', () => {
    const V = 301;
    const cases: [string, PlainArray][] = [
      ['ordinary logits', seededValues(4 * V, 14, 5)],
      ['logits around ±80, whose probabilities underflow', seededValues(4 * V, 15, 80)],
      ['logits far from zero', seededValues(4 * V, 16).map((value) => value + 1000)],
      ['equal logits', new Float64Array(4 * V).fill(3)],
    ];

    it.each(cases)('normalizes %s', (_name, x) => {
      const { backend, tolerance } = subject();
      expectClose(backend.logSoftmax(matrix(x, 4)), plainLogSoftmax(x, V), tolerance);
    });
  });
}

function sideBySide(gate: PlainArray, up: PlainArray, rows: number): Tensor2D {
  return concat([matrix(gate, rows), matrix(up, rows)], 1);
}

import { pad, reshape, transpose } from '@tensorflow/tfjs-core';
import type { Rank, Tensor3D } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { CompressedMatrix, TensorBackend } from '../tensor-backend.js';
import { expectClose, heads, matrix } from './contract-subject.js';
import type { ContractSubject } from './contract-subject.js';
import { finiteDifferences, seededValues } from './oracle/plain-array.js';
import type { PlainArray } from './oracle/plain-array.js';
import { plainAttention } from './oracle/plain-operations.js';
import type { AttentionSizes } from './oracle/plain-operations.js';

const CASES: (AttentionSizes & { readonly name: string })[] = [
  { name: 'one key/value head per query head', H: 4, G: 4, T: 5, S: 5, D: 4, offset: 0 },
  { name: 'grouped queries', H: 6, G: 2, T: 5, S: 5, D: 4, offset: 0 },
  { name: 'one key/value head for all', H: 4, G: 1, T: 5, S: 5, D: 4, offset: 0 },
  { name: 'one head', H: 1, G: 1, T: 7, S: 7, D: 6, offset: 0 },
  { name: 'queries after cached keys', H: 4, G: 2, T: 3, S: 9, D: 4, offset: 6 },
  { name: 'a single query after cached keys', H: 4, G: 2, T: 1, S: 40, D: 8, offset: 39 },
  { name: 'a single position', H: 4, G: 2, T: 1, S: 1, D: 4, offset: 0 },
  { name: 'keys beyond the sequence', H: 4, G: 2, T: 3, S: 12, D: 4, offset: 4 },
  { name: 'a single query with keys beyond', H: 6, G: 2, T: 1, S: 16, D: 4, offset: 9 },
];

/** Causal grouped-query attention, forward and backward. */
export function attentionContract(subject: () => ContractSubject): void {
  describe.each(CASES)('attention with $name', (sizes) => {
    const { H, G, T, S, D, offset } = sizes;
    const [q, dOutput] = [seededValues(H * T * D, 17, 2), seededValues(H * T * D, 18)];
    const [k, v] = [seededValues(G * S * D, 19, 2), seededValues(G * S * D, 20)];

    it('looks at the past only', () => {
      const { backend, shortTolerance: tolerance } = subject();
      const { output, saved } = backend.attention(heads(q, H, T), heads(k, G, S), heads(v, G, S), offset);
      expect(output.shape).toEqual([T, H * D]);
      expectClose(apart(backend, output, H), plainAttention(q, k, v, sizes), tolerance);
      const again = backend.attentionOutput(H, heads(v, G, S), saved);
      expect(backend.restore(again).dataSync()).toEqual(backend.restore(output).dataSync());
    });

    it('passes gradients back to queries, keys and values', () => {
      const { backend, shortTolerance: tolerance } = subject();
      const inputs = [heads(q, H, T), heads(k, G, S), heads(v, G, S)] as const;
      const { saved } = backend.attention(...inputs, offset);
      const { dq, dk, dv } = backend.attentionBackward(sideBySide(backend, dOutput, H, T), ...inputs, saved);
      expect([dq.shape, dk.shape, dv.shape]).toEqual([
        [H, T, D],
        [G, S, D],
        [G, S, D],
      ]);
      expectClose(
        dq,
        finiteDifferences((at) => plainAttention(at, k, v, sizes), q, dOutput),
        tolerance,
      );
      expectClose(
        dk,
        finiteDifferences((at) => plainAttention(q, at, v, sizes), k, dOutput),
        tolerance,
      );
      expectClose(
        dv,
        finiteDifferences((at) => plainAttention(q, k, at, sizes), v, dOutput),
        tolerance,
      );
    });
  });

  describe('attention', () => {
    it('never reads keys and values beyond the sequence, whatever lies there', () => {
      const { backend } = subject();
      const [H, G, T, D, offset, S] = [4, 2, 3, 4, 2, 9];
      const q = heads(seededValues(H * T * D, 21), H, T);
      const padded = (seed: number, padding: number) =>
        heads(
          seededValues(G * S * D, seed).map((value, i) => (Math.floor(i / D) % S < offset + T ? value : padding)),
          G,
          S,
        );
      const outputWith = (padding: number) => [
        ...apart(backend, backend.attention(q, padded(22, padding), padded(23, padding), offset).output, H).dataSync(),
      ];
      const clean = outputWith(0);
      expect(clean.every(Number.isFinite)).toBe(true);
      expect(outputWith(1e30)).toEqual(clean);
      expect(outputWith(Number.NaN)).toEqual(clean);
    });

    it('gives the same for positions one by one as for all at once', () => {
      const { backend, shortTolerance: tolerance } = subject();
      const [H, G, T, D] = [6, 2, 8, 4];
      const [q, k, v] = [seededValues(H * T * D, 24, 2), seededValues(G * T * D, 25, 2), seededValues(G * T * D, 26)];
      const all = backend.attention(heads(q, H, T), heads(k, G, T), heads(v, G, T), 0).output;
      const together = apart(backend, all, H).dataSync();
      for (let t = 0; t < T; t++) {
        const atT = (_: number, i: number) => (Math.floor(i / D) * T + t) * D + (i % D);
        const indices = Array.from({ length: H * D }, atT);
        const qt = Float64Array.from(indices, (i) => q[i]!);
        const expected = Float64Array.from(indices, (i) => together[i]!);
        const { output } = backend.attention(heads(qt, H, 1), heads(k, G, T), heads(v, G, T), t);
        expectClose(apart(backend, output, H), expected, tolerance);
      }
    });

    it.each([[[7]], [[4, 3]], [[1, 1, 5]]])('of one position is the same over keys in pieces of %j', (lengths) => {
      const { backend, shortTolerance: tolerance } = subject();
      const [H, G, S, D] = [6, 2, 7, 4];
      const [q, k, v] = [seededValues(H * D, 42, 2), seededValues(G * S * D, 43, 2), seededValues(G * S * D, 44)];
      const piece = (values: Float64Array, from: number, length: number) => {
        const isIn = (position: number) => position >= from && position < from + length;
        return heads(
          values.filter((_, i) => isIn(Math.floor(i / D) % S)),
          G,
          length,
        );
      };
      const pieces = lengths.map((length, i) => {
        const from = lengths.slice(0, i).reduce((sum, before) => sum + before, 0);
        return { k: piece(k, from, length), v: piece(v, from, length) };
      });
      const expected = plainAttention(q, k, v, { H, G, T: 1, S, D, offset: S - 1 });
      const output = backend.attentionOfOne(heads(q, H, 1), pieces, null);
      expect(output.shape).toEqual([H, 1, D]);
      expectClose(output, expected, tolerance);

      // Places at the end that are masked might as well not be there.
      const { k: lastK, v: lastV } = pieces.at(-1)!;
      const withEmpty = (x: Tensor3D): Tensor3D =>
        pad(x, [
          [0, 0],
          [0, 2],
          [0, 0],
        ]);
      const filled = [...pieces.slice(0, -1), { k: withEmpty(lastK), v: withEmpty(lastV) }];
      const mask = Float64Array.from({ length: lastK.shape[1] + 2 }, (_, i) => (i < lastK.shape[1] ? 0 : -1e9));
      expectClose(backend.attentionOfOne(heads(q, H, 1), filled, matrix(mask, 1)), expected, tolerance);
    });

    it('of one position refuses two', () => {
      const { backend } = subject();
      const [q, kv] = [heads(seededValues(8, 45), 1, 2), heads(seededValues(16, 46), 1, 4)];
      expect(() => backend.attentionOfOne(q, [{ k: kv, v: kv }], null)).toThrow(RangeError);
    });

    it('of many positions is right, and its gradients along any direction', () => {
      const { backend, shortTolerance } = subject();
      const sizes = { H: 2, G: 1, T: 300, S: 310, D: 4, offset: 3 };
      const { H, G, T, S, D, offset } = sizes;
      const lengths = [H * T * D, G * S * D, G * S * D];
      const values = lengths.map((length, i) => seededValues(length, 46 + i));
      const directions = lengths.map((length, i) => seededValues(length, 49 + i));
      const dOutput = seededValues(H * T * D, 52);
      const [q, k, v] = values as [PlainArray, PlainArray, PlainArray];
      const inputs = [heads(q, H, T), heads(k, G, S), heads(v, G, S)] as const;
      const { output, saved } = backend.attention(...inputs, offset);
      expectClose(apart(backend, output, H), plainAttention(q, k, v, sizes), shortTolerance);
      const { dq, dk, dv } = backend.attentionBackward(sideBySide(backend, dOutput, H, T), ...inputs, saved);
      [dq, dk, dv].forEach((gradient, i) => {
        const direction = directions[i]!;
        const along = (h: number) => {
          const moved = values.map((value, j) => (i === j ? value.map((one, at) => one + h * direction[at]!) : value));
          const [movedQ, movedK, movedV] = moved as [PlainArray, PlainArray, PlainArray];
          return plainAttention(movedQ, movedK, movedV, sizes).reduce((sum, one, at) => sum + one * dOutput[at]!, 0);
        };
        const expected = (along(1e-4) - along(-1e-4)) / 2e-4;
        const terms = Array.from(gradient.dataSync<'float32'>(), (one, at) => one * direction[at]!);
        const size = Math.sqrt(terms.reduce((sum, term) => sum + term * term, 0));
        const actual = terms.reduce((sum, term) => sum + term, 0);
        // Errors of the terms are independent, so their sum's is that of their length.
        expect(Math.abs(actual - expected) / size).toBeLessThan(Math.max(10 * shortTolerance, 1e-4));
      });
    });

    it('refuses fewer keys than positions', () => {
      const { backend } = subject();
      const [q, kv] = [heads(seededValues(12, 27), 1, 3), heads(seededValues(16, 28), 1, 4)];
      expect(() => backend.attention(q, kv, kv, 2)).toThrow(RangeError);
    });
  });
}

/** Heads that lie side by side in the short form, one after the other in float32 — (T, H·D) → (H, T, D) */
function apart(backend: TensorBackend, output: CompressedMatrix, H: number): Tensor3D {
  const [T, width] = output.shape;
  return transpose(reshape<Rank.R3>(backend.restore(output), [T, H, width / H]), [1, 0, 2]);
}

/** The other way — (H, T, D) → (T, H·D) */
function sideBySide(backend: TensorBackend, values: PlainArray, H: number, T: number): CompressedMatrix {
  const rows = transpose(heads(values, H, T), [1, 0, 2]);
  return backend.compress(reshape<Rank.R2>(rows, [T, values.length / T]));
}

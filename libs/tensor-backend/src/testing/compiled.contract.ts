import { add, dispose, memory, mul, sub, tidy } from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { FrozenMatrix, TensorBackend } from '../tensor-backend.js';
import { expectClose, matrix, unalignedWeight, vector } from './contract-subject.js';
import type { ContractSubject } from './contract-subject.js';
import { seededValues } from './oracle/plain-array.js';

const [N, C, O] = [4, 6, 8];

interface Inputs {
  readonly x: Tensor2D;
  readonly layer: { readonly norm: Tensor1D; readonly matrices: readonly FrozenMatrix[] };
  readonly bias: Tensor2D | null;
  readonly isGated: boolean;
  readonly epsilon: number;
}

/** Some of everything: the backend's operations and those of tfjs, inputs at several depths, results at two. */
function work(backend: TensorBackend, { x, layer, bias, isGated, epsilon }: Inputs) {
  const { y, inverseRms } = backend.rmsNorm(x, layer.norm, epsilon);
  const product = backend.frozenProduct(y, layer.matrices[0]!);
  const biased: Tensor2D = bias === null ? product : add(product, bias);
  const scaled: Tensor2D = mul(biased, 3);
  return { output: isGated ? backend.swiglu(scaled) : scaled, parts: [inverseRms, null] as const, isGated };
}

export function compiledContract(subject: () => ContractSubject): void {
  describe('compiled', () => {
    const inputs = (seed: number, changes: Partial<Inputs> = {}): Inputs => ({
      x: matrix(seededValues(N * C, seed), N),
      layer: {
        norm: vector(seededValues(C, seed + 1)),
        matrices: [subject().backend.frozenMatrix([unalignedWeight(seededValues(O * C, seed + 2), O)])],
      },
      bias: matrix(seededValues(N * O, seed + 3), N),
      isGated: true,
      epsilon: 1e-6,
      ...changes,
    });
    const expectSame = (given: Inputs): void => {
      const { backend, tolerance, shortTolerance } = subject();
      tidy(() => {
        const expected = work(backend, given);
        const actual = backend.compiled('some of everything', given, (inner) => work(backend, inner));
        expectClose(actual.output, Float64Array.from(expected.output.dataSync()), shortTolerance);
        expectClose(actual.parts[0], Float64Array.from(expected.parts[0].dataSync()), tolerance);
        expect(actual).toMatchObject({ isGated: given.isGated, parts: [{}, null] });
        expect(actual.output.shape).toEqual(expected.output.shape);
      });
    };

    it('gives what the operations give, for other numbers, shapes, settings and parts that are not there', () => {
      expectSame(inputs(50));
      expectSame(inputs(60));
      expectSame(inputs(70, { isGated: false }));
      expectSame(inputs(80, { epsilon: 0.5 }));
      expectSame(inputs(90, { bias: null }));
      expectSame(inputs(100, { x: matrix(seededValues(2 * N * C, 100), 2 * N), bias: null }));
      expectSame(inputs(110));
    });

    it('is the same to the last bit each time, the first one too', () => {
      const { backend } = subject();
      const given = inputs(120, { epsilon: 0.25 });
      const once = () =>
        tidy(() =>
          backend
            .compiled('again', given, (inner) => work(backend, inner))
            .output.dataSync()
            .join(),
        );
      const first = once();
      expect([once(), once()]).toEqual([first, first]);
    });

    it('may be part of another', () => {
      const { backend, shortTolerance } = subject();
      const given = inputs(130);
      tidy(() => {
        const expected = mul(work(backend, given).output, 2).dataSync();
        for (let i = 0; i < 2; i++) {
          const twice = backend.compiled('twice', { given }, (outer) =>
            mul(backend.compiled('within', outer.given, (inner) => work(backend, inner)).output, 2),
          );
          expectClose(twice, Float64Array.from(expected), shortTolerance);
        }
      });
    });

    it('gives results that are the same tensor twice, or an input, as tensors of their own', () => {
      const { backend } = subject();
      const { x } = inputs(140);
      for (let i = 0; i < 2; i++) {
        const given = x.clone();
        const { same, twice } = backend.compiled('the same', { given }, (inner) => {
          const doubled = tidy(() => add<Tensor2D>(inner.given, inner.given));
          return { same: inner.given.clone(), twice: [doubled, doubled.clone()] };
        });
        dispose([given, twice[0]!]);
        expectClose(same, Float64Array.from(x.dataSync()), 0);
        expectClose(
          twice[1]!,
          Float64Array.from(x.dataSync(), (value) => 2 * value),
          0,
        );
        dispose([same, twice[1]!]);
      }
    });

    it('tells one tensor in two places from two tensors', () => {
      const { backend } = subject();
      const [a, b] = [matrix(seededValues(N * C, 160), N), matrix(seededValues(N * C, 161), N)];
      const difference = (x: Tensor2D, y: Tensor2D) =>
        backend.compiled('difference', { x, y }, (given) => sub<Tensor2D>(given.x, given.y));
      tidy(() => {
        for (let i = 0; i < 2; i++) {
          expectClose(difference(a, a), new Float64Array(N * C), 0);
          expectClose(difference(a, b), Float64Array.from(sub(a, b).dataSync()), 0);
        }
      });
      dispose([a, b]);
    });

    it('leaves its results behind and nothing else, also where the work fails', () => {
      const { backend } = subject();
      const given = inputs(150);
      const run = (): number => {
        const { output, inverseRms } = tidy(() => {
          const results = backend.compiled('clean', given, (inner) => work(backend, inner));
          return { output: results.output, inverseRms: results.parts[0] };
        });
        const { numTensors } = memory();
        dispose([output, inverseRms]);
        return numTensors;
      };
      run();
      const before = memory().numTensors;
      expect(run() - before).toBe(2);
      const failing = () =>
        tidy(() =>
          backend.compiled('fails', given, (inner) => {
            work(backend, inner);
            throw new Error('no reason');
          }),
        );
      expect(failing).toThrow('no reason');
      expect(failing).toThrow('no reason');
      expect(memory().numTensors).toBe(before);
      expectSame(given);
    });
  });
}

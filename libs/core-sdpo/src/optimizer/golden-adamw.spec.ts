import { readdirSync, readFileSync } from 'node:fs';
import { tensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { createTensorBackend } from '@claas/tensor-backend';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adamWInit, adamWUpdate } from './adamw.js';

type Values = Readonly<Record<string, unknown[]>>;

interface GoldenCase {
  readonly name: string;
  readonly settings: { lr: number; betas: [number, number]; eps: number; weight_decay: number; max_grad_norm: number };
  readonly params0: Values;
  readonly grads: readonly Values[];
  readonly expected: readonly {
    readonly grad_norm: number | null;
    readonly clip_coef: number | null;
    readonly skipped: boolean;
    readonly adam_t: number;
    readonly params: Values;
    readonly exp_avg: Values;
    readonly exp_avg_sq: Values;
  }[];
  readonly tolerance: { params_atol: number; moments_rtol: number; grad_norm_rtol: number };
}

const GOLDEN = new URL('../__fixtures__/golden/optim/', import.meta.url);
const worst = { parameters: 0, moments: 0, norm: 0 };

beforeAll(async () => {
  await createTensorBackend('wasm');
});

afterAll(() => {
  console.info('Share of the golden tolerances in use:', JSON.stringify(worst));
});

describe('the golden cases of optim', () => {
  const cases = readdirSync(GOLDEN).map(
    (file) => JSON.parse(readFileSync(new URL(file, GOLDEN), 'utf8')) as GoldenCase,
  );

  it('are all there', () => {
    expect(cases).toHaveLength(8);
  });

  it.each(cases.map((golden) => [golden.name, golden] as const))('%s', (_name, golden) => {
    const { settings, tolerance } = golden;
    const names = Object.keys(golden.params0);
    const tensors = (values: Values): Tensor[] => names.map((name) => toTensor(values[name]!));
    let parameters = tensors(golden.params0);
    let state = adamWInit(parameters);
    golden.expected.forEach((expected, t) => {
      const update = adamWUpdate(parameters, tensors(golden.grads[t]!), state, {
        learningRate: settings.lr,
        beta1: settings.betas[0],
        beta2: settings.betas[1],
        epsilon: settings.eps,
        weightDecay: settings.weight_decay,
        maxGradNorm: settings.max_grad_norm,
      });
      ({ parameters, state } = { parameters: [...update.parameters], state: update.state });
      expect(update.isSkipped).toBe(expected.skipped);
      expect(state.step).toBe(expected.adam_t);
      if (expected.grad_norm === null || expected.clip_coef === null)
        expect(update.gradNorm).not.toSatisfy(Number.isFinite);
      else {
        worst.norm = Math.max(worst.norm, share([update.gradNorm], [expected.grad_norm], 0, tolerance.grad_norm_rtol));
        worst.norm = Math.max(
          worst.norm,
          share([update.clipCoefficient], [expected.clip_coef], 0, tolerance.grad_norm_rtol),
        );
      }
      names.forEach((name, i) => {
        const [p, m, v] = [parameters[i]!, state.expAvg[i]!, state.expAvgSq[i]!].map((one) => one.dataSync());
        worst.parameters = Math.max(worst.parameters, share(p!, expected.params[name]!, tolerance.params_atol, 0));
        worst.moments = Math.max(
          worst.moments,
          share(m!, expected.exp_avg[name]!, SMALLEST_MOMENT, tolerance.moments_rtol),
        );
        worst.moments = Math.max(
          worst.moments,
          share(v!, expected.exp_avg_sq[name]!, SMALLEST_MOMENT, tolerance.moments_rtol),
        );
      });
      expect(worst.parameters).toBeLessThanOrEqual(1);
      expect(worst.moments).toBeLessThanOrEqual(1);
      expect(worst.norm).toBeLessThanOrEqual(1);
    });
  });
});

/** Below it, float32 has no relative precision left. */
const SMALLEST_MOMENT = 2 ** -126;

function share(actual: ArrayLike<number>, expected: unknown[], atol: number, rtol: number): number {
  const reference = (expected as number[][]).flat(2);
  expect(actual).toHaveLength(reference.length);
  return reference.reduce((most, value, i) => {
    const error = Math.abs(actual[i]! - value);
    return error === 0 ? most : Math.max(most, error / (atol + rtol * Math.abs(value)));
  }, 0);
}

function toTensor(values: unknown[]): Tensor {
  const shape = Array.isArray(values[0]) ? [values.length, values[0].length] : [values.length];
  return tensor(Float32Array.from(values.flat(), Number), shape);
}

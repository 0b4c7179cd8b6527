import { tensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { adamWInit, adamWUpdate } from '@claas/core-sdpo';
import type { AdamWSettings, AdamWState, AdamWUpdate } from '@claas/core-sdpo';
import type { Comparison } from '../../comparison/comparison.js';
import { within } from '../../comparison/tolerance.js';
import type { GoldenDirectory } from '../../directory/golden-directory.js';
import type { GoldenCase } from '../golden-case.js';
import { toNumber } from '../loss/loss-file.js';
import type { NumberInFile } from '../loss/loss-file.js';

type Nested = NumberInFile | readonly Nested[];
type NamedTensors = Readonly<Record<string, Nested>>;

interface OptimFile {
  readonly settings: OptimSettingsInFile;
  readonly params0: NamedTensors;
  readonly grads: readonly NamedTensors[];
  readonly expected: readonly {
    readonly grad_norm: number | null;
    readonly clip_coef: number | null;
    readonly skipped: boolean;
    readonly adam_t: number;
    readonly params: NamedTensors;
    readonly exp_avg: NamedTensors;
    readonly exp_avg_sq: NamedTensors;
  }[];
  readonly tolerance: { readonly params_atol: number; readonly moments_rtol: number; readonly grad_norm_rtol: number };
}

/** Optimizer settings as they stand in `optim/` and `step.json`. */
export interface OptimSettingsInFile {
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weight_decay: number;
  readonly max_grad_norm: number;
}

export function adamWSettings({ lr, betas, eps, weight_decay, max_grad_norm }: OptimSettingsInFile): AdamWSettings {
  return {
    learningRate: lr,
    beta1: betas[0],
    beta2: betas[1],
    epsilon: eps,
    weightDecay: weight_decay,
    maxGradNorm: max_grad_norm,
  };
}

/** A file of `optim/`: clip, AdamW and skipped steps, one after the other. */
export function optimCase(directory: GoldenDirectory, path: string): GoldenCase {
  directory.claim(path);
  return {
    name: path,
    run(comparison) {
      const file = directory.readJson<OptimFile>(path);
      const names = Object.keys(file.params0);
      const settings = adamWSettings(file.settings);
      let parameters: readonly Tensor[] = tensors(file.params0, names);
      let state = adamWInit(parameters);
      comparison.exact('number of steps', file.grads.length, file.expected.length);
      for (const [step, gradientsInFile] of file.grads.entries()) {
        const gradients = tensors(gradientsInFile, names);
        const update = adamWUpdate(parameters, gradients, state, settings);
        disposeAll([...gradients, ...parameters, ...state.expAvg, ...state.expAvgSq]);
        ({ parameters, state } = update);
        compareUpdate(comparison, step, update, names, file);
      }
      disposeAll([...parameters, ...state.expAvg, ...state.expAvgSq]);
    },
  };
}

function compareUpdate(
  comparison: Comparison,
  step: number,
  update: AdamWUpdate,
  names: readonly string[],
  { expected, tolerance }: OptimFile,
): void {
  const reference = expected[step];
  if (reference === undefined) return;
  const label = `step ${step + 1} `;
  comparison.exact(`${label}skipped`, update.isSkipped, reference.skipped);
  comparison.exact(`${label}adam_t`, update.state.step, reference.adam_t);
  const norm = within(0, tolerance.grad_norm_rtol);
  comparison.number(`${label}grad_norm`, update.gradNorm, reference.grad_norm, norm);
  comparison.number(`${label}clip_coef`, update.clipCoefficient, reference.clip_coef, norm);
  const moments = within(0, tolerance.moments_rtol);
  const { expAvg, expAvgSq }: AdamWState = update.state;
  for (const [i, name] of names.entries()) {
    const compare = (quantity: string, actual: Tensor, values: Nested | undefined, allowed: typeof norm): void => {
      comparison.numbers(`${label}${quantity} ${name}`, actual.dataSync(), flat(values ?? []), allowed);
    };
    compare('params', update.parameters[i]!, reference.params[name], within(tolerance.params_atol));
    compare('exp_avg', expAvg[i]!, reference.exp_avg[name], moments);
    compare('exp_avg_sq', expAvgSq[i]!, reference.exp_avg_sq[name], moments);
  }
}

function tensors(values: NamedTensors, names: readonly string[]): Tensor[] {
  return names.map((name) => {
    const nested = values[name];
    if (nested === undefined) throw new Error(`no gradient of ${name}`);
    return tensor(Float32Array.from(flat(nested)), shapeOf(nested));
  });
}

function flat(nested: Nested): number[] {
  return isList(nested) ? nested.flatMap(flat) : [toNumber(nested)];
}

function shapeOf(nested: Nested): number[] {
  return isList(nested) ? [nested.length, ...shapeOf(nested[0] ?? 0)] : [];
}

function isList(nested: Nested): nested is readonly Nested[] {
  return typeof nested === 'object';
}

function disposeAll(all: readonly Tensor[]): void {
  for (const one of all) one.dispose();
}

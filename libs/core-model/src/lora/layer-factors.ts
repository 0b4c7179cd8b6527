import { fill, mul, pad, slice } from '@tensorflow/tfjs-core';
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core';
import type { TensorBackend } from '@claas/tensor-backend';
import type { LoraModuleName } from '../adapter-files/lora-module.js';
import { LINEAR_GROUPS } from '../model/layer-pass.js';
import type { DecoderLayer, LayerLora, LayerLoraGradients, LinearGroupName } from '../model/layer-pass.js';
import type { LinearGroup, PackedLora, PackedLoraGradients } from '../model/linear-group.js';

/** The LoRA pair of one module, or its gradient. */
export interface ModuleFactors {
  /** (r, I) */
  readonly a: Tensor2D;
  /** (O, r) */
  readonly b: Tensor2D;
}

export type FactorsByModule = Readonly<Partial<Record<LoraModuleName, ModuleFactors>>>;

/** An adapter's weights of one layer, as the adapter has them. */
export interface LayerFactors {
  readonly modules: FactorsByModule;
  /** alpha / r */
  readonly scale: number;
}

/** As `linearForward` wants them; to be called under `tidy`. */
export function packLayer(backend: TensorBackend, layer: DecoderLayer, factors: LayerFactors): LayerLora {
  const packed = LINEAR_GROUPS.map((name) => [name, packGroup(backend, layer.groups[name], factors)]);
  return Object.fromEntries(packed) as Record<LinearGroupName, PackedLora | null>;
}

/** Takes packed gradients apart; to be called under `tidy`. */
export function unpackGradients(
  backend: TensorBackend,
  layer: DecoderLayer,
  gradients: LayerLoraGradients,
  factors: LayerFactors,
): FactorsByModule {
  const ofGroups = LINEAR_GROUPS.map((name) => {
    const packed = gradients[name];
    return packed === null ? {} : unpackGroup(backend, layer.groups[name], packed, factors);
  });
  return Object.assign({}, ...ofGroups) as FactorsByModule;
}

function packGroup(
  backend: TensorBackend,
  { modules }: LinearGroup,
  { modules: factors, scale }: LayerFactors,
): PackedLora | null {
  const pairs = modules.flatMap(({ module }) => factors[module] ?? []);
  if (pairs.length === 0) return null;
  const columns = pairs.reduce((sum, { b }) => sum + b.shape[1], 0);
  let before = 0;
  const blocks = modules.map(({ module, rows }): Tensor2D => {
    const pair = factors[module];
    // An operation, where `zeros` would hand all of them over.
    if (pair === undefined) return fill<Rank.R2>([rows, columns], 0);
    const own = pair.b.shape[1];
    const after = columns - before - own;
    const scaled: Tensor2D = mul(pair.b, scale);
    const around = [before, after] as [number, number];
    before += own;
    return own === columns ? scaled : pad(scaled, [[0, 0], around]);
  });
  // Joined in the short form, which moves half of the memory.
  return {
    down: backend.concatRows(pairs.map(({ a }) => backend.compress(a))),
    up: backend.concatRows(blocks.map((block) => backend.compress(block))),
  };
}

function unpackGroup(
  backend: TensorBackend,
  { modules }: LinearGroup,
  packed: PackedLoraGradients,
  { modules: factors, scale }: LayerFactors,
): FactorsByModule {
  const dDown = backend.restore(packed.dDown);
  const dUp = backend.restore(packed.dUp);
  const gradients: Partial<Record<LoraModuleName, ModuleFactors>> = {};
  let row = 0;
  let reduced = 0;
  for (const { module, rows } of modules) {
    const rank = factors[module]?.a.shape[0] ?? 0;
    if (rank > 0) {
      gradients[module] = {
        a: slice(dDown, [reduced, 0], [rank, dDown.shape[1]]),
        b: mul(slice(dUp, [row, reduced], [rows, rank]), scale),
      };
    }
    reduced += rank;
    row += rows;
  }
  return gradients;
}

import { dispose, keep, tensor2d, tidy, zeros } from '@tensorflow/tfjs-core';
import type { Rank, Tensor2D } from '@tensorflow/tfjs-core';
import { loraInitA } from '@claas/core-sdpo';
import type { Matrix, TensorBackend } from '@claas/tensor-backend';
import type { AdapterTensor, AdapterTensors } from '../adapter-files/adapter-tensors.js';
import { adapterKey } from '../adapter-files/adapter-tensors.js';
import { LORA_MODULE_NAMES, moduleShape } from '../adapter-files/lora-module.js';
import type { LoraModuleName } from '../adapter-files/lora-module.js';
import type { ModelConfig } from '../config/model-config.js';
import { AdapterShapeError } from '../model/computation-errors.js';
import { LINEAR_GROUPS } from '../model/layer-pass.js';
import type { DecoderLayer, LayerLora } from '../model/layer-pass.js';
import { packLayer } from './layer-factors.js';
import type { FactorsByModule, LayerFactors } from './layer-factors.js';

export interface LoraShape {
  readonly rank: number;
  readonly loraAlpha: number;
  /** At least one, in the order of a decoder layer. */
  readonly targetModules: readonly LoraModuleName[];
}

export interface LoraInitialisation extends LoraShape {
  /** Seeds A. */
  readonly seed: number;
}

/**
 * An adapter's weights as tensors: ΔW = (alpha / r)·B·A for each layer and target module. Never changes:
 * a step makes a new adapter from new tensors, so a generation that runs ends with the weights that it began with.
 */
export class LoraAdapter {
  readonly shape: LoraShape;
  /** alpha / r */
  readonly scale: number;
  private readonly packedLayers = new Map<number, LayerLora>();

  /**
   * @param tensors by PEFT key, A (r, I) and B (O, r); the adapter's from now on
   * @throws AdapterShapeError when a tensor is missing, too many, or not of the model's shape
   */
  constructor(
    config: ModelConfig,
    shape: LoraShape,
    readonly tensors: ReadonlyMap<string, Tensor2D>,
  ) {
    const targetModules = LORA_MODULE_NAMES.filter((module) => shape.targetModules.includes(module));
    this.shape = { rank: shape.rank, loraAlpha: shape.loraAlpha, targetModules };
    this.scale = shape.loraAlpha / shape.rank;
    assertShapes(config, this.shape, tensors);
  }

  /** An untrained adapter: A Kaiming-uniform as in PEFT, B zero, so that it changes nothing yet. */
  static initialise(config: ModelConfig, { seed, ...shape }: LoraInitialisation): LoraAdapter {
    const { rank, targetModules } = shape;
    const tensors = new Map<string, Tensor2D>();
    for (let layer = 0; layer < config.layers; layer++) {
      for (const module of targetModules) {
        const [O, I] = moduleShape(config, module);
        const key = adapterKey(layer, module, 'A');
        tensors.set(key, keep(tensor2d(loraInitA(seed, key, rank, I), [rank, I])));
        tensors.set(adapterKey(layer, module, 'B'), keep(zeros<Rank.R2>([O, rank])));
      }
    }
    return new LoraAdapter(config, shape, tensors);
  }

  /** @throws AdapterShapeError */
  static fromFiles(config: ModelConfig, files: AdapterTensors): LoraAdapter {
    const tensors = new Map<string, Tensor2D>();
    for (const [key, { data, shape }] of files.tensors) tensors.set(key, keep(tensor2d(data, [...shape])));
    try {
      return new LoraAdapter(config, files, tensors);
    } catch (error) {
      dispose([...tensors.values()]);
      throw error;
    }
  }

  /** Reads the weights back, in the form that `writeAdapterFiles` takes. */
  async toFiles(baseModel: string | null): Promise<AdapterTensors> {
    const tensors = new Map<string, AdapterTensor>();
    for (const { key, layer, module, part, tensor } of this.entries()) {
      const data = (await tensor.data<'float32'>()).slice();
      tensors.set(key, { module, layer, part, shape: tensor.shape, data });
    }
    return { ...this.shape, baseModel, tensors };
  }

  /** A layer's weights, the adapter's own. */
  layerFactors(index: number): LayerFactors {
    const ofModules = this.shape.targetModules.map((module) => {
      const [a, b] = (['A', 'B'] as const).map((part) => this.tensors.get(adapterKey(index, module, part))!);
      return [module, { a, b }];
    });
    return { modules: Object.fromEntries(ofModules) as FactorsByModule, scale: this.scale };
  }

  /** The same as `linearForward` wants them; made once and kept until they are released. */
  layer(backend: TensorBackend, index: number, layer: DecoderLayer): LayerLora {
    const known = this.packedLayers.get(index);
    if (known !== undefined) return known;
    const packed = keepPacked(() => packLayer(backend, layer, this.layerFactors(index)));
    this.packedLayers.set(index, packed);
    return packed;
  }

  dispose(): void {
    dispose([...this.tensors.values()]);
    for (const index of [...this.packedLayers.keys()]) this.releaseLayer(index);
  }

  /** Gives back what `layer` made of one layer: for passes that won't come back to it soon. */
  releaseLayer(index: number): void {
    const layer = this.packedLayers.get(index);
    this.packedLayers.delete(index);
    for (const name of LINEAR_GROUPS) {
      layer?.[name]?.down.dispose();
      layer?.[name]?.up.dispose();
    }
  }

  private *entries() {
    for (const [key, tensor] of this.tensors) {
      const [, layer, module, part] = /layers\.(\d+)\..*\.(\w+)\.lora_(A|B)\.weight$/.exec(key)!;
      yield { key, tensor, layer: Number(layer), module: module as LoraModuleName, part: part as 'A' | 'B' };
    }
  }
}

/** `tidy` that keeps what `work` makes beyond any scope. */
function keepPacked(work: () => LayerLora): LayerLora {
  let packed!: LayerLora;
  tidy(() => {
    packed = work();
    for (const name of LINEAR_GROUPS) {
      for (const matrix of Object.values(packed[name] ?? {})) keep(matrix as Matrix as Tensor2D);
    }
  });
  return packed;
}

function assertShapes(
  config: ModelConfig,
  { rank, targetModules }: LoraShape,
  tensors: ReadonlyMap<string, Tensor2D>,
): void {
  const expectedTensors = 2 * config.layers * targetModules.length;
  if (expectedTensors === 0) throw new AdapterShapeError('target_modules', 'empty', 'at least one linear module');
  for (let layer = 0; layer < config.layers; layer++) {
    for (const module of targetModules) {
      const [O, I] = moduleShape(config, module);
      assertShape(adapterKey(layer, module, 'A'), tensors, [rank, I]);
      assertShape(adapterKey(layer, module, 'B'), tensors, [O, rank]);
    }
  }
  if (tensors.size !== expectedTensors) {
    throw new AdapterShapeError('the number of tensors', String(tensors.size), String(expectedTensors));
  }
}

function assertShape(key: string, tensors: ReadonlyMap<string, Tensor2D>, expected: [number, number]): void {
  const shape = tensors.get(key)?.shape;
  if (shape?.[0] === expected[0] && shape[1] === expected[1]) return;
  throw new AdapterShapeError(key, shape ? `[${shape.join(', ')}]` : 'missing', `[${expected.join(', ')}]`);
}

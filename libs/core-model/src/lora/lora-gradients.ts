import { dispose, mul, slice, tidy } from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { TensorBackend } from '@claas/tensor-backend';
import type { LayerLoraGradients } from '../model/layer-pass.js';
import { LINEAR_GROUPS } from '../model/layer-pass.js';
import type { DecoderLayer } from '../model/layer-pass.js';
import type { LinearGroup, PackedLoraGradients } from '../model/linear-group.js';
import type { LoraAdapter } from './lora-adapter.js';
import { adapterKey } from '../adapter-files/adapter-tensors.js';

/** The gradient of every LoRA tensor, by its PEFT key; the holder disposes of it. */
export class LoraGradients {
  readonly tensors: ReadonlyMap<string, Tensor2D>;

  constructor(tensors: ReadonlyMap<string, Tensor2D>) {
    this.tensors = tensors;
  }

  dispose(): void {
    dispose([...this.tensors.values()]);
  }
}

/** Takes a layer's packed gradients apart; the results are new tensors by PEFT key. */
export function unpackLayerGradients(
  backend: TensorBackend,
  layerIndex: number,
  layer: DecoderLayer,
  gradients: LayerLoraGradients,
  adapter: LoraAdapter,
): Map<string, Tensor2D> {
  const tensors = new Map<string, Tensor2D>();
  for (const name of LINEAR_GROUPS) {
    const packed = gradients[name];
    if (packed !== null) unpackGroup(backend, layerIndex, layer.groups[name], packed, adapter, tensors);
  }
  return tensors;
}

function unpackGroup(
  backend: TensorBackend,
  layerIndex: number,
  group: LinearGroup,
  packed: PackedLoraGradients,
  adapter: LoraAdapter,
  tensors: Map<string, Tensor2D>,
): void {
  const { rank, targetModules } = adapter.shape;
  const dDown = backend.restore(packed.dDown);
  const dUp = backend.restore(packed.dUp);
  let row = 0;
  let reduced = 0;
  for (const { module, rows } of group.modules) {
    if (targetModules.includes(module)) {
      const [atRow, atReduced] = [row, reduced];
      tensors.set(adapterKey(layerIndex, module, 'A'), slice(dDown, [atReduced, 0], [rank, dDown.shape[1]]));
      tensors.set(
        adapterKey(layerIndex, module, 'B'),
        tidy(() => mul(slice(dUp, [atRow, atReduced], [rows, rank]), adapter.scale)),
      );
      reduced += rank;
    }
    row += rows;
  }
  dispose([dDown, dUp]);
}

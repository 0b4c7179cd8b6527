import type { ModelConfig } from '../config/model-config.js';
import { adapterKey, type AdapterTensor } from './adapter-tensors.js';
import { moduleShape, type LoraModuleName } from './lora-module.js';

/** A factor that an adapter must have, without its values. */
export type AdapterTensorSlot = Omit<AdapterTensor, 'data'>;

/** Every factor of an adapter of this rank and these modules, by PEFT key, in the order of layers and modules. */
export function adapterTensorSlots(
  config: ModelConfig,
  adapter: { readonly rank: number; readonly targetModules: readonly LoraModuleName[] },
): Map<string, AdapterTensorSlot> {
  const slots = new Map<string, AdapterTensorSlot>();
  for (let layer = 0; layer < config.layers; layer++) {
    for (const module of adapter.targetModules) {
      const [rows, columns] = moduleShape(config, module);
      slots.set(adapterKey(layer, module, 'A'), { module, layer, part: 'A', shape: [adapter.rank, columns] });
      slots.set(adapterKey(layer, module, 'B'), { module, layer, part: 'B', shape: [rows, adapter.rank] });
    }
  }
  return slots;
}

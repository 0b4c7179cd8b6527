import type { ModelConfig } from '../../config/model-config.js';
import { adapterTensorSlots } from '../adapter-tensor-slots.js';
import type { AdapterTensor, AdapterTensors } from '../adapter-tensors.js';

/** Values that differ everywhere and are the same in every run. */
export function counted(length: number, start: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.fround(Math.sin(start + i)));
}

/** An adapter of this shape whose values are {@link counted}. */
export function adapterOf(
  config: ModelConfig,
  rank: number,
  targetModules: AdapterTensors['targetModules'],
): AdapterTensors {
  const tensors = new Map<string, AdapterTensor>();
  for (const [key, slot] of adapterTensorSlots(config, { rank, targetModules })) {
    tensors.set(key, { ...slot, data: counted(slot.shape[0] * slot.shape[1], tensors.size) });
  }
  return { rank, loraAlpha: 16, targetModules, baseModel: 'claas/tiny', tensors };
}
